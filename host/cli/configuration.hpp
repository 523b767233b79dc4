// Which configuration a command is about.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "program/command_line.hpp"

namespace kclhost::host::cli {

// Declares --config FILE, which can also be given as the command's argument.
void add_configuration(CommandLine& command, std::filesystem::path& file);

// The file given, else the one that KCLHOST_CONFIG names, else /etc/kclhost/kclhost.yaml if it is there. Empty: none.
std::filesystem::path configuration(const std::filesystem::path& given);

// A command that has `act` done with that file, or complains that there is none.
Command with_configuration(std::shared_ptr<std::filesystem::path> given,
                           std::function<int(const std::filesystem::path&)> act);

// Complains that there is none; the exit code.
int no_configuration();

}  // namespace kclhost::host::cli
