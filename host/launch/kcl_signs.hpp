// What the KCL says of itself in the daemon's log, as far as launch goes by it.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace kclhost::host::launch {

enum class Sign {
  none,
  left_out,  // it left out records that it had read
  gave_up,   // it could not begin, however often it tried
};

// Looks at every line that the daemon prints. Only a line of the KCL's own logger counts: a host's standard error
// passes through the daemon too, as a line of another logger and, word by word, as an echo behind that, and may say
// anything. Not thread-safe.
class SignWatch {
 public:
  // What a line, without its newline, is a sign of.
  Sign sees(std::string_view line);

 private:
  bool is_echo(std::string_view line);

  std::deque<std::string> echoes_;  // lines of children that the daemon has logged and is about to echo
};

}  // namespace kclhost::host::launch
