// The subcommands. Each add_* declares one on the program's command line.
#pragma once

#include <string>

#include "program/command_line.hpp"

namespace kclhost::host::cli {

void add_run(CommandLine& program);
void add_check(CommandLine& program);
void add_inspect(CommandLine& program);
void add_conformance(CommandLine& program);
void add_replay(CommandLine& program);
void add_launch(CommandLine& program);
void add_status(CommandLine& program);
void add_doctor(CommandLine& program);
void add_iam(CommandLine& program);
void add_fetch_daemon(CommandLine& program);
void add_import(CommandLine& program);
void add_new(CommandLine& program);
void add_put(CommandLine& program);
void add_schema(CommandLine& program);
void add_dead_letters(CommandLine& program);
void add_rollout(CommandLine& program);

// Prints "kclhost: message" on standard error, one line.
void complain(const std::string& message);

}  // namespace kclhost::host::cli
