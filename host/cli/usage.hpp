// What a person who mistyped a command or an option is told.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>

namespace kclhost::host::cli {

// "unknown option --confg; did you mean --config?" for the first of a program's arguments (its own name not among them)
// that is no option, or no command where `app` needs one. Empty when all of them are known.
std::string unknown_argument(const CLI::App& app, std::span<char* const> arguments);

// The same for a name that is none of a program's commands.
std::string unknown_command(std::string_view name, std::span<const std::string_view> commands);

}  // namespace kclhost::host::cli
