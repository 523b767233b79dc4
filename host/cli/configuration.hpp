// Which configuration a command is about.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "cli/cli.hpp"

namespace kclhost::host::cli {

// Declares --config FILE, which can also be given as the command's argument.
CLI::Option* add_configuration(CLI::App& command, std::filesystem::path& file);

// The file given, else the one that KCLHOST_CONFIG names, else /etc/kclhost/kclhost.yaml if it is there. Empty: none.
std::filesystem::path configuration(const std::filesystem::path& given);

// An action that has `act` done with that file, or complains that there is none.
Action with_configuration(std::shared_ptr<std::filesystem::path> given,
                          std::function<int(const std::filesystem::path&)> act);

// Complains that there is none; the exit code.
int no_configuration();

}  // namespace kclhost::host::cli
