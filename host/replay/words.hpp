// A command line cut into words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::replay {

// Cuts `command` at blanks as a shell does: 'single quotes' keep everything, "double quotes" all but \" and \\, a
// backslash the character after it. Nothing is expanded. At least one word, or an error.
Result<std::vector<std::string>> split_words(std::string_view command);

}  // namespace kclhost::host::replay
