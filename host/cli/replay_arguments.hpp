// What `kclhost replay` takes on the command line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "program/command_line.hpp"
#include "replay/input.hpp"

namespace kclhost::host::cli {

struct ReplayArguments {
  replay::InputOptions input;          // without format and end; input_of() has them
  std::string format = "auto", end{};  // end: empty: not given
  std::string config{}, stream{}, exec{};
  std::string checkpoint_file{}, failures{}, report{};
  std::size_t repeat = 1;
  std::optional<int> pipe_size{};  // none: as PlayOptions have it
  double interval = 0;
  double linger = 0;
  double tick = 0;       // 0: none
  double timeout = 0;    // 0: none
  bool compare = false;  // the first two inputs are plugins
  bool json = false, quiet = false, verbose = false, progress = false;
};

void declare(CommandLine& command, ReplayArguments& arguments);

// `arguments.input` with the format and the end that their texts name.
replay::InputOptions input_of(const ReplayArguments& arguments);

}  // namespace kclhost::host::cli
