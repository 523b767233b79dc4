// What the lists that commands print have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/json_string.hpp"

namespace kclhost::host::cli {

// Prints rows in columns of the same width; each row has as many cells as the first, which is the heading.
void print_columns(const std::vector<std::vector<std::string>>& rows);

// "2026-01-31T12:00:00Z"; milliseconds since the epoch.
std::string time_text(std::int64_t ms);

// Members of the JSON object that `out` ends in the middle of, as people read them: with blanks.
inline void put_key(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ", ";
  append_json_string(out, name);
  out += ": ";
}
inline void put_text(std::string& out, std::string_view name, std::string_view value) {
  put_key(out, name);
  append_json_string(out, value);
}
template <class Number>
void put_number(std::string& out, std::string_view name, Number value) {
  put_key(out, name);
  out += std::to_string(value);
}

}  // namespace kclhost::host::cli
