// What came of a call, and what the KCL answers to a checkpoint.
#ifndef KCLHOST_TESTING_OUTCOMES_HPP
#define KCLHOST_TESTING_OUTCOMES_HPP

#include <kclhost/plugin.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace kclhost::testing {

// The plugin does what kclhost/plugin.h says it must not. Thrown by the call in which it did, unless
// Host::on_broken_rule says otherwise.
class BrokenRule : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// What the plugin said of a call. True means that it succeeded.
struct Outcome {
  kclhost_status code = KCLHOST_OK;
  std::string message{};  // why it failed
  std::string name{};     // the exception's type
  // Of a process_records that failed:
  std::size_t done = 0;  // so many records at the front are not given again
  std::optional<std::size_t> culprit{};
  bool permanent = false;
  std::chrono::milliseconds retry_after{0};

  bool ok() const noexcept { return code == KCLHOST_OK; }
  explicit operator bool() const noexcept { return ok(); }

  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return outcome.ok() ? out << "OK" : out << "failed: " << outcome.message;
  }
};

// What the KCL says to a checkpoint, after kclhost has retried it as checkpoint.retry says.
struct CheckpointAnswer {
  kclhost_status code = KCLHOST_OK;
  std::string name{};
  std::string message{};
};

inline CheckpointAnswer recorded() {
  return {};
}
inline CheckpointAnswer throttled() {
  return {KCLHOST_THROTTLING, "ThrottlingException", "the lease table throttles"};
}
// From then on every checkpoint is refused.
inline CheckpointAnswer lease_lost() {
  return {KCLHOST_SHUTDOWN, "ShutdownException", "the lease is lost"};
}
inline CheckpointAnswer invalid_state() {
  return {KCLHOST_INVALID_STATE, "InvalidStateException", "the lease table is missing"};
}
inline CheckpointAnswer dependency_failed() {
  return {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "the lease table can't be reached"};
}
inline CheckpointAnswer other_exception(std::string name) {
  return {KCLHOST_OTHER_EXCEPTION, std::move(name), "something else"};
}

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_OUTCOMES_HPP
