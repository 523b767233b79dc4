// How a CheckpointingProcessor records its progress.
#ifndef KCLHOST_CHECKPOINTER_HPP
#define KCLHOST_CHECKPOINTER_HPP

#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>
#include <kclhost/record.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kclhost {

// How a checkpoint went. True means that it is recorded.
class [[nodiscard]] Status {
 public:
  Status(kclhost_status code, std::string name, std::string message)
      : code_(code), name_(std::move(name)), message_(std::move(message)) {}

  bool ok() const noexcept { return code_ == KCLHOST_OK; }
  explicit operator bool() const noexcept { return ok(); }
  // Whether the same call may succeed later. kclhost has already retried as checkpoint.retry says.
  bool retryable() const noexcept { return code_ == KCLHOST_THROTTLING || code_ == KCLHOST_DEPENDENCY; }
  // KCLHOST_OK, KCLHOST_SHUTDOWN, ...
  kclhost_status code() const noexcept { return code_; }
  // The KCL's exception, for example "ThrottlingException"; empty when there is none.
  const std::string& name() const noexcept { return name_; }
  const std::string& message() const noexcept { return message_; }

 private:
  kclhost_status code_;
  std::string name_;
  std::string message_;
};

// Valid until the call that brought it returns, and on that call's thread alone. Each call blocks until the KCL has
// answered.
class Checkpointer {
 public:
  Checkpointer(const kclhost_host& host, kclhost_checkpointer* handle) noexcept : host_(host), handle_(handle) {}
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // All that this instance was given is done, the batch in hand included.
  [[nodiscard]] Status checkpoint_all() {
    kclhost_error error = detail::no_error();
    const kclhost_status code = host_.checkpoint_all(handle_, &error);
    return Status(code, error.name, error.message);
  }
  // This record and all before it are done.
  [[nodiscard]] Status checkpoint(const Record& record) {
    return send(record.sequence_number(), record.sub_sequence_number());
  }
  [[nodiscard]] Status checkpoint(const Position& position) {
    return send(position.sequence_number(), position.sub_sequence_number());
  }
  // The same for all of a sequence number, as far as it was delivered.
  [[nodiscard]] Status checkpoint(std::string_view sequence_number) { return send(sequence_number, -1); }

 private:
  Status send(std::string_view sequence_number, std::int64_t sub_sequence_number) {
    const kclhost_string sequence = detail::text(sequence_number);
    kclhost_error error = detail::no_error();
    const kclhost_status code = host_.checkpoint(handle_, &sequence, sub_sequence_number, &error);
    return Status(code, error.name, error.message);
  }

  const kclhost_host& host_;
  kclhost_checkpointer* const handle_;
};

}  // namespace kclhost

#endif  // KCLHOST_CHECKPOINTER_HPP
