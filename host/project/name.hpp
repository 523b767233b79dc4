// What a plugin's project may be called. The name is that of a CMake target, of a Rust crate and of files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::project {

// Why it is no good, and a name that is, in one line; nothing for a good one.
std::optional<std::string> what_is_wrong_with_name(std::string_view name);

// "word_filter" as a class is called: "WordFilter".
std::string class_name(std::string_view name);

// Its application's name, which is a table's too: DynamoDB takes none that is shorter than 3 characters.
std::string application_name(std::string_view name);

}  // namespace kclhost::host::project
