// Which configuration a command is about.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "program/command_line.hpp"

namespace kclhost::host::cli {

// A configuration file, and the stream that is meant where it has several; "": none was named.
struct Source {
  std::filesystem::path file;
  std::string stream{};
};

// Declares --config FILE, which can also be given as the command's argument, and --stream NAME.
void add_configuration(CommandLine& command, Source& source);
void add_stream(CommandLine& command, std::string& stream);

// The file given, else the one that KCLHOST_CONFIG names, else /etc/kclhost/kclhost.yaml if it is there. Empty: none.
std::filesystem::path configuration(const std::filesystem::path& given);

// A command that has `act` done with that file, or complains that there is none.
Command with_configuration(std::shared_ptr<Source> given, std::function<int(const Source&)> act);

// The streams that a command is about which takes all where none is named: one, "", for a file without streams.
std::vector<std::string> streams_of(const Source& source);

// The configuration; nothing after its problems were told.
std::optional<config::Loaded> load(const Source& source);

// "orders: ", or "" where there is no such stream.
std::string prefix_of(const std::string& stream);

// Complains that there is none; the exit code.
int no_configuration();

}  // namespace kclhost::host::cli
