// What we say to the daemon.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::protocol {

// Writes whole messages, each in one piece with a newline before and behind it: whatever somebody else may have put on
// the pipe, the message stands on a line of its own. Not thread-safe.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) {}

  // Both return false when the daemon has closed its end or writing fails.
  [[nodiscard]] bool status(std::string_view action);
  // No sequence number: everything delivered so far. No sub-sequence number: as the daemon reads it, 0.
  [[nodiscard]] bool checkpoint(std::optional<std::string_view> sequence_number,
                                std::optional<std::int64_t> sub_sequence_number);

 private:
  bool send();

  int fd_;
  std::string line_;
};

}  // namespace kclhost::host::protocol
