#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "launch/fetch.hpp"
#include "launch/files.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

struct Options {
  std::string to;
  std::string config;
  std::string pom;
};

int act(const Options& options) {
  std::filesystem::path to = options.to;
  if (const auto file = configuration(options.config); to.empty() && !file.empty()) {
    const config::Loaded loaded = config::load(file);
    for (const config::Problem& problem : loaded.problems) complain(problem.str());
    if (!loaded.problems.empty()) return exit_usage;
    to = loaded.config.daemon.jars;
    if (to.empty()) {
      complain(file.string() + ": daemon.jars is not set; set it, or say where with --to DIR");
      return exit_usage;
    }
  }
  if (to.empty()) to = "jars";
  std::filesystem::path pom = options.pom;
  if (pom.empty()) pom = launch::shipped_file("pom.xml").value_or(std::filesystem::path());
  if (pom.empty()) {
    complain("the daemon's pom.xml is not installed beside kclhost; name one with --pom");
    return exit_stopped;
  }
  if (!launch::has_jars(pom, to)) {
    std::printf("fetching the MultiLangDaemon into %s\n", to.c_str());
    std::fflush(stdout);
  }
  const auto jars = launch::fetch_jars(pom, to);
  if (!jars) {
    complain(jars.error());
    return exit_stopped;
  }
  std::printf("%s: %zu jars, %ju MB\n", to.c_str(), jars->count, (jars->bytes + 500'000) / 1'000'000);
  return exit_done;
}

}  // namespace

void add_fetch_daemon(CommandLine& program) {
  CommandLine command = program.add_command("fetch-daemon", "Fetch the MultiLangDaemon's jars with Maven");
  const auto options = std::make_shared<Options>();
  command.add({.names = "--to",
               .into = &options->to,
               .help = "The directory for the jars (default: daemon.jars of --config, else ./jars)",
               .value = "DIR"});
  command.add({.names = "--config",
               .into = &options->config,
               .help = "A configuration file whose daemon.jars says where (default: KCLHOST_CONFIG's, else "
                       "/etc/kclhost/kclhost.yaml)",
               .value = "FILE"});
  command.add(
      {.names = "--pom", .into = &options->pom, .help = "Another pom.xml than the one kclhost ships", .value = "FILE"});
  command.runs([options] { return act(*options); });
}

}  // namespace kclhost::host::cli
