// The archiver's plugin.config.
#pragma once

#include <kclhost/config.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace archiver {

// What parse_options accepts.
inline constexpr std::string_view options_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "required": ["output_dir"],
  "properties": {
    "output_dir": {
      "type": "string", "pattern": "^/",
      "description": "Directory for the files; it must be there. For one stream alone: names hold the shard, not the stream."
    },
    "format": {
      "enum": ["json", "raw"], "default": "json",
      "description": "json: an object a line, as kclhost replay reads it; raw: a record's data and a newline."
    },
    "data": {
      "enum": ["text", "base64"], "default": "text",
      "description": "How json has a record's data; what is no UTF-8 is base64 in any case."
    },
    "compression": {
      "enum": ["none", "gzip"], "default": "none",
      "description": "What is done to a whole file."
    },
    "max_age_seconds": {
      "type": "number", "minimum": 0.01, "maximum": 86400, "default": 60,
      "description": "A file is written when its first record has waited for so long."
    },
    "max_bytes": {
      "type": "integer", "minimum": 1, "default": 33554432,
      "description": "Or when its content, before compression, has come to this."
    },
    "max_records": {
      "type": "integer", "minimum": 1, "default": 50000,
      "description": "Or when it has so many records."
    }
  }
})";

enum class Format { json_text, json_base64, raw };

struct Options {
  std::filesystem::path output_dir;
  Format format = Format::json_text;
  bool gzip = false;
  std::chrono::milliseconds max_age{60'000};
  std::size_t max_bytes = std::size_t{32} << 20;
  std::size_t max_records = 50'000;
};

// Throws std::invalid_argument that names the key and what it may be; also where the directory is none, or none that
// this process may write to.
Options parse_options(const kclhost::Config& config);

}  // namespace archiver
