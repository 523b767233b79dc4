// "Did you mean …?": the known name nearest to a misspelt one.
#pragma once

#include <span>
#include <string_view>

namespace kclhost::host::config {

// The candidate within a third of the name's length in Damerau-Levenshtein distance (case aside), "" when none is.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace kclhost::host::config
