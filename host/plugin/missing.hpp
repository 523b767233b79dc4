// What to do about a plugin's file that is not there.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace kclhost::host::plugin {

// "; did you mean 'word_counter.so'?" where the folder has a file of a name like that, else "; build it first, or look
// at " and `where`. `name` is from `folder`, as it was written.
std::string cure_of_missing(const std::filesystem::path& folder, const std::filesystem::path& name,
                            const std::string& where);

// What is told of a plugin's file that an argument names, and that canonical() did not find.
std::string not_found(const std::string& argument, const std::error_code& error);

}  // namespace kclhost::host::plugin
