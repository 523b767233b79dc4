// Whether the KCL says that it left out records.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace kclhost::host::launch {

// Looks at every line that the daemon prints. Only a line of the KCL's own logger counts, ShardConsumerSubscriber: a
// host's standard error passes through the daemon too, as a line of another logger and, word by word, as an echo behind
// that, and may say anything. Not thread-safe.
class LeftOutWatch {
 public:
  // A line without its newline. Says whether it is the KCL's about records left out.
  bool sees(std::string_view line);

 private:
  bool is_echo(std::string_view line);

  std::deque<std::string> echoes_;  // lines of children that the daemon has logged and is about to echo
};

}  // namespace kclhost::host::launch
