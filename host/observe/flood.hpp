// Keeps one kind of line from filling the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost::host::observe {

// Counts lines by their kind: their text, with the digits in it made equal. Of each kind the first 50 within a second
// pass. Not thread-safe.
class Flood {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::uint64_t most = 50;
  static constexpr std::chrono::seconds window{1};

  // Says whether this line may be written; counts it if not.
  bool passes(int level, std::string_view text, Clock::time_point now);

  // What was held back in windows that have ended by `now`, once each.
  struct Held {
    int level;
    std::string text;  // of the last line held back
    std::uint64_t lines;
  };
  std::vector<Held> ended(Clock::time_point now);

  // When ended() has something to say; max() when nothing is held back.
  Clock::time_point due() const;

 private:
  struct Kind {
    Clock::time_point begin;
    std::uint64_t passed = 0;
    std::uint64_t held = 0;
    int level = 0;
    std::string last = {};
  };
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace kclhost::host::observe
