// kclhost-doctor: what `kclhost doctor` becomes. A program of its own, because it asks the services: what runs once per
// shard loads neither libcurl nor what comes with it.
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/findings.hpp"
#include "doctor/checks.hpp"
#include "doctor/report.hpp"
#include "launch/files.hpp"
#include "program/command_line.hpp"
#include "support/available_memory.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::doctor {
namespace {

// From then on each check is announced.
constexpr std::chrono::seconds quick{2};

std::vector<Looked> look_at_all(const config::Loaded& loaded, std::chrono::seconds patience) {
  const auto start = std::chrono::steady_clock::now();
  const config::Config& config = loaded.config;
  const cli::Findings checked = cli::find_problems(loaded);
  const auto command = launch::make_command(config, launch::own_executable());
  const bool has_daemon = !config.daemon.properties.empty();
  std::unique_ptr<Services> services;
  if (!has_daemon) {
    services = std::make_unique<Services>(no_daemon);
  } else if (!command) {
    services = std::make_unique<Services>("what the daemon would ask for is not clear");
  } else {
    services = std::make_unique<Services>(config.daemon, command->properties, patience);
  }
  Setup setup{config, checked, command, available_memory(), *services};
  std::vector<Looked> all;
  for (const Check& check : checks()) {
    if (std::chrono::steady_clock::now() - start > quick) std::fprintf(stderr, "kclhost doctor: %s ...\n", check.name);
    all.push_back({check.name, check.look(setup)});
  }
  return all;
}

int examine(const cli::Source& source, std::chrono::seconds patience, bool as_json) {
  const auto loaded = cli::load(source);
  if (!loaded) return exit_usage;
  const std::vector<Looked> all = look_at_all(*loaded, patience);
  if (as_json) {
    std::fputs(to_json(all).c_str(), stdout);
  } else {
    print_text(all);
  }
  return count_findings(all) == 0 ? exit_done : exit_stopped;
}

int run(int argc, char** argv) {
  cli::ProgramCommandLine program(
      "kclhost doctor",
      "kclhost doctor: looks for what would keep a daemon from working, with the cure of each "
      "finding; changes nothing. Ends with 1 where it finds something.");
  cli::Source source;
  int timeout = 10;
  bool as_json = false;
  cli::add_configuration(program, source);
  program.add({.names = "--timeout",
               .into = &timeout,
               .help = "How long each request may take, in seconds (default: 10)",
               .value = "SECONDS",
               .least = cli::Least::above_zero});
  program.add({.names = "--json", .into = &as_json, .help = "Print JSON"});
  program.runs([&] {
    source.file = cli::configuration(source.file);
    return source.file.empty() ? cli::no_configuration() : examine(source, std::chrono::seconds(timeout), as_json);
  });
  return program.run(argc, argv);
}

}  // namespace
}  // namespace kclhost::host::doctor

int main(int argc, char** argv) try {
  return kclhost::host::doctor::run(argc, argv);
} catch (const std::exception& error) {
  kclhost::host::cli::complain(error.what());
  return kclhost::host::exit_stopped;
}
