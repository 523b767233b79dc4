// release.json, and reading small files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "store/release_store.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

std::string to_json(const ReleaseInfo& info);
// The error says what is wrong with the text.
Result<ReleaseInfo> info_from_json(std::string_view text);

// A whole file of at most 16 MiB. The error is "" when there is no such file.
Result<std::string> read_text(const std::filesystem::path& path);

}  // namespace kclhost::host::store
