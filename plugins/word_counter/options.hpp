// The word counter's plugin.config.
#pragma once

#include <kclhost/config.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace word_counter {

// What parse_options accepts.
inline constexpr std::string_view options_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "output_dir": {
      "type": "string", "minLength": 1,
      "description": "Directory for the counts: a file SHARD.json per shard or, with concurrency above 1, SHARD.LANE-of-LANES.json per lane. Without it they live in memory alone."
    },
    "report_interval_seconds": {
      "type": "number", "minimum": 0, "default": 10,
      "description": "The least time between two reports while records come in."
    },
    "top": {
      "type": "integer", "minimum": 0, "default": 10,
      "description": "How many words, the most frequent first, a report names."
    }
  }
})";

struct Options {
  std::filesystem::path output_dir;  // empty: no files
  std::chrono::duration<double> report_interval{10};
  std::size_t top = 10;
};

// Throws std::invalid_argument that names the key and what it may be.
Options parse_options(const kclhost::Config& config);

}  // namespace word_counter
