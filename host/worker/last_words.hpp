// What of a worker's standard error may say why it died.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost::host::worker {

// The runtime of whatever language says there, as its last act, what the process dies of: a failed assert, an exception
// that nobody caught, a heap that is broken. A sanitizer says it first and a hundred lines of details after it.
// Host's thread only.
class LastWords {
 public:
  static constexpr std::size_t most_lines = 5;
  static constexpr std::size_t longest_line = 512;  // bytes; the rest is cut

  // A line of standard error, without its end.
  void add(std::string_view line);
  // What came before has nothing to do with what comes.
  void clear();
  // The last lines, or a sanitizer's finding and its summary, with " | " between them. Empty: nothing was printed.
  std::string text() const;

 private:
  std::deque<std::string> last_;
  std::vector<std::string> finding_;
};

}  // namespace kclhost::host::worker
