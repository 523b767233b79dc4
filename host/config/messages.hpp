// The wording that problems share.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kclhost::host::config {

// 'text', cut short when long.
std::string in_quotes(std::string_view text);

// a, b or c; last is the word before the last one, with its spaces.
std::string join(std::span<const std::string_view> names, std::string_view last);

// "; did you mean 'known'?", or "" when none is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

}  // namespace kclhost::host::config
