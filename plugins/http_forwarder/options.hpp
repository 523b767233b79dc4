// The http_forwarder's plugin.config.
#pragma once

#include <kclhost/config.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "headers.hpp"

namespace http_forwarder {

// What parse_options accepts, as far as a schema can say it.
inline constexpr std::string_view options_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "required": ["url"],
  "properties": {
    "url": {
      "type": "string", "pattern": "^https?://",
      "description": "Where the records are sent to."
    },
    "method": {
      "enum": ["POST", "PUT", "PATCH"], "default": "POST"
    },
    "headers": {
      "type": "object",
      "description": "Headers of each request: a text, or a map that says where a secret is to be found.",
      "additionalProperties": {
        "type": ["string", "object"],
        "additionalProperties": false,
        "properties": {
          "file": {"type": "string", "pattern": "^/", "description": "Read again for each request; a newline at its end is left out."},
          "env": {"type": "string", "minLength": 1, "description": "An environment variable."},
          "prefix": {"type": "string", "description": "What stands before it: \"Bearer \"."}
        }
      }
    },
    "format": {
      "enum": ["json_lines", "json_array", "raw"], "default": "json_lines",
      "description": "A request's body: a record a line; an array of records; one record's data as it is."
    },
    "content": {
      "enum": ["envelope", "data"], "default": "envelope",
      "description": "A record in JSON: its data and where it is from; or its data alone, which must be JSON then."
    },
    "compression": {
      "enum": ["none", "gzip"], "default": "none",
      "description": "Of a request's body."
    },
    "batch": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "max_records": {
          "type": "integer", "minimum": 1, "default": 500,
          "description": "A request has at most so many records,"
        },
        "max_bytes": {
          "type": "integer", "minimum": 1, "default": 1048576,
          "description": "and a body of this size before compression, unless a single record is larger."
        },
        "linger_seconds": {
          "type": "number", "minimum": 0, "maximum": 86400, "default": 0.1,
          "description": "One that is not full is sent when its first record has waited for so long."
        }
      }
    },
    "concurrency": {
      "type": "integer", "minimum": 1, "maximum": 1024, "default": 32,
      "description": "Requests in flight at a time."
    },
    "ordered": {
      "type": "boolean", "default": true,
      "description": "Whether a record waits for those of its partition key that are in flight."
    },
    "follow_redirects": {
      "type": "boolean", "default": false
    },
    "timeout_seconds": {
      "type": "number", "minimum": 0.001, "maximum": 3600, "default": 30,
      "description": "For a request, from its connection to the answer's end."
    },
    "retry": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "initial_backoff_seconds": {
          "type": "number", "minimum": 0.001, "maximum": 3600, "default": 0.2,
          "description": "The wait before a request's second attempt; it doubles from then on. A random part of it, half or more, is waited for."
        },
        "max_backoff_seconds": {
          "type": "number", "minimum": 0.001, "maximum": 3600, "default": 30,
          "description": "The longest wait between two attempts, unless the server asks for a longer one."
        },
        "max_attempts": {
          "type": "integer", "minimum": 1,
          "description": "A request is given up after so many. If the server answered 500 or above, only records that it refuses alone are rejected, else all of the request's. Left out: never."
        },
        "statuses": {
          "type": "array", "items": {"type": "integer", "minimum": 400, "maximum": 499}, "default": [408, 425, 429],
          "description": "Those from 400 to 499 that ask for another attempt; the others reject."
        }
      }
    },
    "tls": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "ca_file": {
          "type": "string", "pattern": "^/",
          "description": "Certificates of authorities (PEM), in place of the system's."
        }
      }
    }
  }
})";

enum class Format { json_lines, json_array, raw };
enum class Content { envelope, data };

struct Retry {
  std::chrono::milliseconds initial_backoff{200};
  std::chrono::milliseconds max_backoff{30'000};
  unsigned max_attempts = 0;  // 0: no limit
  std::vector<long> statuses{408, 425, 429};
};

struct Options {
  std::string url;
  std::string method = "POST";
  std::vector<Header> headers;  // those of the configuration, and a Content-Type
  Format format = Format::json_lines;
  Content content = Content::envelope;
  bool gzip = false;
  std::size_t max_records = 500;  // raw: 1
  std::size_t max_bytes = std::size_t{1} << 20;
  std::chrono::milliseconds linger{100};
  std::size_t concurrency = 32;
  bool ordered = true;
  bool follow_redirects = false;
  std::chrono::milliseconds timeout{30'000};
  Retry retry;
  std::string ca_file;  // empty: the system's
};

// Throws std::invalid_argument that names the key and what it may be; also where a file can't be read, or a variable is
// not set. No message has a header's value, or the part of the URL in which a secret may be.
Options parse_options(const kclhost::Config& config);

}  // namespace http_forwarder
