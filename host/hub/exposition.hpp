// The metrics as collectors read them.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "hub/series.hpp"
#include "hub/snapshot.hpp"

namespace kclhost::host::hub {

// open_metrics: OpenMetrics 1.0. prometheus: the text format that was before it, 0.0.4.
enum class Format { open_metrics, prometheus };

const char* content_type(Format format);

// All series on one page, those of a name together.
class Exposition {
 public:
  explicit Exposition(Format format) : format_(format) {}

  // Puts the tally's series on the page, each with `labels` in front of its own. The first that comes of a name says
  // what it is; one of another kind is left out.
  void add(const Tally& tally, const Labels& labels = {});

  std::string text() const;

 private:
  struct Lines {
    Family family;
    std::string samples;
  };

  Format format_;
  std::map<std::string, Lines> families_;
};

// The page of all that a launch and its shards count and measure, those with the labels `stream` and `shard`.
std::string expose(Snapshot snapshot, std::chrono::milliseconds window, Format format);

}  // namespace kclhost::host::hub
