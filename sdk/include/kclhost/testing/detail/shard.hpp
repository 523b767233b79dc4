// What the fake host knows of its shard, whichever instance has it. No part of the interface.
#ifndef KCLHOST_TESTING_DETAIL_SHARD_HPP
#define KCLHOST_TESTING_DETAIL_SHARD_HPP

#include <kclhost/context.hpp>
#include <kclhost/record.hpp>
#include <kclhost/testing/metrics.hpp>
#include <kclhost/testing/outcomes.hpp>
#include <kclhost/testing/records.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kclhost::testing {

struct Log {
  LogLevel level;
  std::string text;
};
struct Checkpoint {
  Position position;
  bool all;  // it was checkpoint_all
  CheckpointAnswer answer;
};
struct Rejection {
  std::string data;
  Position position;
  std::string reason;
};

namespace detail {

// The test, not the plugin, does what can't be.
[[noreturn]] inline void misuse(const std::string& what) {
  throw std::logic_error("kclhost::testing: " + what);
}

// What makes shadows of a plugin.
inline const kclhost_shadow& shadow_of(const kclhost_plugin& plugin) {
  const void* const offered =
      plugin.get_extension == nullptr ? nullptr : plugin.get_extension(KCLHOST_STRING(KCLHOST_EXTENSION_SHADOW));
  if (offered == nullptr) misuse("the plugin can't run as a shadow: it does not set can_shadow");
  return *static_cast<const kclhost_shadow*>(offered);
}

inline bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// A record that the shard has brought.
struct Kept {
  enum class State {
    waiting,  // no instance has it: it comes again, unless the test goes on without it
    given,    // in the call under way
    held,     // accepted, and not done yet
    done,
  };
  Record record;
  State state = State::waiting;
  std::uint64_t id = 0;  // its last
  std::uint32_t failures = 0;

  // What is said of one whose call has failed is not heard.
  bool is_with_instance() const { return state == State::given || state == State::held; }
};

class Life;

// `mutex` guards all of it, because plugins have threads. Functions expect it locked unless they say otherwise.
struct Shard {
  std::mutex mutex;
  std::condition_variable changed;

  // What the test says.
  std::string config = "{}", application = "application", stream = "stream", shard_id = "shardId-000000000000";
  std::uint32_t lane = 0, lane_count = 1;
  bool makes_shadows = false;
  LogLevel log_level = LogLevel::trace;
  std::optional<Beginning> forced_beginning;
  StopReason stop = StopReason::none;
  std::chrono::milliseconds remaining = std::chrono::minutes(1);
  std::deque<CheckpointAnswer> answers;
  std::function<void(const std::string&)> on_broken_rule;

  // What happened.
  Position start{"TRIM_HORIZON", 0};  // what lies at or before it is done
  Position last;                      // the last of them
  Position recorded;                  // the last checkpoint
  std::map<Position, Kept> kept;      // all that it has brought
  Beginning next_beginning = Beginning::start;
  bool lease_is_lost = false;
  std::vector<Log> logs;
  std::vector<Checkpoint> checkpoints;
  std::vector<Rejection> rejections;
  std::vector<std::string> acknowledged;
  Metrics metrics;
  std::vector<std::string> broken_rules;
  std::vector<std::string> unreported;  // those that no call has thrown yet
  Life* alive = nullptr;
  std::vector<std::shared_ptr<Life>> lives;  // all of them: a plugin's thread may outlive its instance

  // Without the lock.
  void broken(const std::string& rule) {
    std::function<void(const std::string&)> tell;
    {
      const std::lock_guard lock(mutex);
      broken_rules.push_back(rule);
      tell = on_broken_rule;
      if (!tell) unreported.push_back(rule);
    }
    if (tell) tell(rule);
  }
  // Without the lock. Throws what was broken.
  void report() {
    std::string all;
    {
      const std::lock_guard lock(mutex);
      for (const std::string& rule : unreported) all += (all.empty() ? "" : "; ") + rule;
      unreported.clear();
    }
    if (!all.empty()) throw BrokenRule(all);
  }

  // Up to which all is done.
  Position finished() const {
    Position up_to = start;
    for (const auto& [position, one] : kept) {
      if (one.state != Kept::State::done) break;
      up_to = std::max(up_to, position);
    }
    return up_to;
  }

  Batch unfinished() const {
    Batch batch;
    for (const auto& [position, one] : kept) {
      if (one.state != Kept::State::done) batch.record(one.record);
    }
    return batch;
  }

  // Another daemon has the shard, and knows nothing of what failed before.
  void begin_lease() {
    lease_is_lost = false;
    for (auto& [position, one] : kept) one.failures = 0;
  }

  // The KCL gives all that comes after this position again.
  void begin_at(Position position) {
    start = recorded = std::move(position);
    for (auto& [at, one] : kept) {
      if (at > start) one.state = Kept::State::waiting;
    }
  }

  void finish(Kept& one) {
    one.state = Kept::State::done;
    changed.notify_all();
  }

  // The next number behind this one, as Kinesis may give it.
  static std::string next_number(std::string number) {
    if (!is_number(number)) {
      return "49590338271490256608559692538361571095921575989136588898";
    }
    std::size_t at = number.size();
    while (at > 0 && number[at - 1] == '9') number[--at] = '0';
    if (at == 0) return "1" + number;
    ++number[at - 1];
    return number;
  }
};

}  // namespace detail
}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_DETAIL_SHARD_HPP
