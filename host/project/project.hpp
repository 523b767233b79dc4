// A plugin's project, made from the files in sdk/templates.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::project {

struct Project {
  std::string name;              // a good one, see project/name.hpp
  std::string language;          // cpp, c or rust
  std::filesystem::path folder;  // where it is made
  std::filesystem::path crate;   // the folder of the crate kclhost, for rust
};

// Makes the folder, and all files in it; an empty folder that is there will do. The error says what failed, and nothing
// that was there before is changed.
std::optional<Error> make(const Project& project);

// The command that gets the packages which its README asks for, on Debian.
std::string installation(const Project& project);

// The commands that its README begins with, a line each, for a shell in the folder.
std::vector<std::string> first_commands(const Project& project);

}  // namespace kclhost::host::project
