// Everything wrong with a configuration and its plugin: what `check` prints and `launch` refuses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "config/config.hpp"
#include "plugin/call.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {

// True, worth knowing, and no problem.
struct Note {
  std::string where{};  // FILE:LINE:COL; "": the configuration as a whole
  std::string what;
  std::string cure{};  // "": nothing has to be done

  std::string str() const;
};

struct Findings {
  int exit_code = exit_done;  // of the first problem
  std::vector<config::Problem> problems;
  std::vector<Note> notes;

  // What was found out about the plugin; nothing when it can't be loaded.
  std::optional<Descriptor> plugin;
  std::string plugin_file;
  std::string plugin_sha256;
};

// Looks at the file's own problems first, then at the plugin (which is copied, and loaded in a process of its own;
// create is not called) and at the folders that `kclhost run` writes to. What it finds nothing in, `run` does not
// refuse before the plugin itself has its say.
Findings find_problems(const config::Loaded& loaded);

}  // namespace kclhost::host::cli
