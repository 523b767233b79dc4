// Metrics on their way from the hosts to whoever collects them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::hub {

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class Kind { counter, gauge, histogram };

// What all series of a name have in common.
struct Family {
  std::string name;  // with its unit, without _total
  Kind kind = Kind::counter;
  std::string unit, help;  // may be empty
};

// A number, or a distribution.
struct Reading {
  double value = 0;                   // counters and gauges
  double sum = 0;                     // histograms
  std::vector<double> bounds;         // of their buckets, rising; the last bucket has none
  std::vector<std::uint64_t> counts;  // one more than bounds

  // A distribution of nothing so far.
  static Reading distribution(std::vector<double> bounds);
  // Takes a value into the distribution.
  void observe(double observed);
  // Counters and histograms add up; a gauge is what it was said to be last.
  void add(const Reading& other, Kind kind);
};

struct Series {
  Family family;
  Labels labels;
  Reading reading;
};

// The series as JSON texts, each no longer than `longest` bytes (a series that is longer by itself is left out).
std::vector<std::string> to_json(const std::vector<Series>& all, std::size_t longest);
// Takes one of them apart. Series that make no sense are an error: no host of ours sends any.
Result<std::vector<Series>> parse_series(std::string_view json);

// Of a plugin's series so many are kept for a shard.
inline constexpr std::size_t most_plugin_series = 1000;

// Series put together by name and labels.
class Tally {
 public:
  // The first that comes of a name says what it is; one of another kind is left out.
  void add(Series series);
  // The same for what was counted by a process that is no more: its gauges say nothing now. The next processes may have
  // other series, so there is a limit to the plugin's.
  void add_counted(Series series);

  struct Entry {
    Family family;
    std::map<Labels, Reading> readings;
  };
  const std::map<std::string, Entry>& families() const { return families_; }
  std::vector<Series> series() const;

 private:
  bool knows(const Series& series) const;

  std::map<std::string, Entry> families_;
  std::size_t counted_of_plugin_ = 0;  // series
};

}  // namespace kclhost::host::hub
