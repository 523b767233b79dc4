// What a replay writes when its child has done its work, looked at before that.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "support/result.hpp"

namespace kclhost::host::replay {

// Why `what` could not be written to `file`. It is not opened: the reader of a pipe would take that for the whole.
std::optional<Error> why_not_written(const std::filesystem::path& file, std::string_view what);

// The same of a file that is replaced as a whole, by another one of its folder.
std::optional<Error> why_not_replaced(const std::filesystem::path& file, std::string_view what);

}  // namespace kclhost::host::replay
