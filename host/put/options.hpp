// The command line of kclhost put.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/command_line.hpp"

namespace kclhost::host::put {

struct Options {
  std::string stream;
  std::vector<std::string> words;
  std::string file;
  std::string format = "lines";
  std::optional<std::string> partition_key;
  std::optional<double> period;  // seconds
  std::optional<int> create_shards;
  std::optional<std::string> endpoint;
  std::optional<std::string> region;
  int max_attempts = 10;
  bool progress = false;
  bool quiet = false;
};

// Declares the options on `line`; parsing fills `options`.
void declare(cli::CommandLine& line, Options& options);

// What the parser does not find wrong; empty: all is well.
std::string wrong_with(const Options& options);

}  // namespace kclhost::host::put
