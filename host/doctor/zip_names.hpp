// What a ZIP file, such as a jar, says is in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::doctor {

// The names in its directory, which stands at the file's end: so a file that was cut short is an error. The contents
// are not looked at. The error says what is wrong, without the file.
Result<std::vector<std::string>> zip_names(const std::filesystem::path& file);

}  // namespace kclhost::host::doctor
