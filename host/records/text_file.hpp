// What is looked at before a file's lines are read. `kclhost put` and `kclhost replay` share it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::records {

// So many bytes from its beginning say what a file is.
inline constexpr std::size_t telling_bytes = 16;

// Why a file that begins with `start` holds no lines to read: it is compressed, or UTF-16. `name` is the file's, or
// "-"; `command` is put or replay, for the cure.
std::optional<std::string> why_not_lines(std::string_view start, const std::string& name, std::string_view command);

// How many bytes of `start` are a byte order mark, which is no part of the first line's JSON: 3 or 0.
std::size_t byte_order_mark(std::string_view start);

// Whether a line says nothing: blanks, and what a line of CRLF leaves.
bool is_blank(std::string_view line);

}  // namespace kclhost::host::records
