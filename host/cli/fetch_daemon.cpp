#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "config/daemon_version.hpp"
#include "launch/class_archive.hpp"
#include "launch/fetch.hpp"
#include "launch/files.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

struct FetchOptions {
  std::string to;
  Source config{};
  std::string pom;
  std::string version;
  std::string java;
  bool archive_only = false;
};

// Somebody may have chosen the version that goes.
void announce(const launch::Wanted& wanted, const std::filesystem::path& to) {
  const std::string old = config::daemon_version(to);
  std::printf("fetching the MultiLangDaemon%s%s into %s%s%s\n", wanted.version.empty() ? "" : " ",
              wanted.version.c_str(), to.c_str(), old.empty() ? "" : ", in place of ", old.c_str());
  std::fflush(stdout);
}

// Beside the jars, where it is not there or does not fit. The daemon starts without it too, so what keeps us from
// making it is said and no failure. Says whether it is there.
bool make_archive(const std::string& java, const std::filesystem::path& jars) {
  const std::string so = "no class archive, so the daemon will start slower: ";
  const auto program = launch::find_program(java);
  if (!program) return complain(so + java + ": no such program; name a Java with --java"), false;
  if (launch::archive_fits(*program, jars)) return true;
  const auto classes = launch::shipped_file("classes");
  if (!classes) return complain(so + "the list of the daemon's classes is not installed beside kclhost"), false;
  std::puts("making the class archive");
  std::fflush(stdout);
  if (const auto error = launch::make_class_archive(*program, jars, *classes))
    return complain(so + error->message), false;
  return true;
}

int make_archive_only(const std::string& java, const std::filesystem::path& jars) {
  if (!std::filesystem::exists(jars / launch::stamp_name)) {
    complain(jars.string() + ": no jars that kclhost fetch-daemon fetched; run it without --archive-only");
    return exit_stopped;
  }
  if (!make_archive(java, jars)) return exit_stopped;
  std::printf("%s: the class archive fits Java and jars\n", jars.c_str());
  return exit_done;
}

int fetch_daemon(const FetchOptions& options) {
  std::filesystem::path to = options.to;
  std::string java = options.java;
  const bool is_asked = to.empty() || !options.config.file.empty() || !options.config.stream.empty();
  if (const auto file = configuration(options.config.file); is_asked && !file.empty()) {
    const auto loaded = load({file, options.config.stream});
    if (!loaded) return exit_usage;
    if (to.empty()) to = loaded->config.daemon.jars;
    if (java.empty()) java = loaded->config.daemon.java;
    if (to.empty()) {
      complain(file.string() + ": daemon.jars is not set; set it, or say where with --to DIR");
      return exit_usage;
    }
  }
  if (to.empty()) to = "jars";
  if (java.empty()) java = "java";
  if (options.archive_only) return make_archive_only(java, std::filesystem::absolute(to).lexically_normal());
  launch::Wanted wanted{.pom = options.pom, .version = options.version};
  if (wanted.pom.empty()) wanted.pom = launch::shipped_file("pom.xml").value_or(std::filesystem::path());
  if (wanted.pom.empty()) {
    complain("the daemon's pom.xml is not installed beside kclhost; name one with --pom");
    return exit_stopped;
  }
  if (const auto misfit = launch::find_misfit(wanted)) {
    complain(misfit->message);
    return exit_usage;
  }
  if (!launch::has_jars(wanted, to)) announce(wanted, to);
  const auto jars = launch::fetch_jars(wanted, to);
  if (!jars) {
    complain(jars.error());
    return exit_stopped;
  }
  const bool archive = make_archive(java, std::filesystem::absolute(to).lexically_normal());
  std::printf("%s: %zu jars, %ju MB%s\n", to.c_str(), jars->count, (jars->bytes + 500'000) / 1'000'000,
              archive ? ", and their class archive" : "");
  return exit_done;
}

}  // namespace

void add_fetch_daemon(CommandLine& program) {
  CommandLine command =
      program.add_command("fetch-daemon", "Fetch the MultiLangDaemon's jars with Maven, and make their class archive");
  const auto options = std::make_shared<FetchOptions>();
  command.add({.names = "--to",
               .into = &options->to,
               .help = "The directory for the jars (default: daemon.jars of the configuration, else ./jars); with "
                       "this alone no configuration is read",
               .value = "DIR"});
  add_configuration(command, options->config);
  command.add({.names = "--archive-only",
               .into = &options->archive_only,
               .help = "Only make the class archive anew where it does not fit; the jars stay, whatever they are of"});
  command.add({.names = "--pom",
               .into = &options->pom,
               .help = "Another pom.xml than the one kclhost ships",
               .value = "FILE",
               .excludes = "--archive-only"});
  command.add({.names = "--version",
               .into = &options->version,
               .help = "The daemon's version (default: the one in the pom.xml)",
               .value = "VERSION",
               .excludes = "--archive-only"});
  command.add({.names = "--java",
               .into = &options->java,
               .help = "The Java that makes the class archive (default: daemon.java of the configuration, else java)",
               .value = "PROGRAM"});
  command.runs([options] { return fetch_daemon(*options); });
}

}  // namespace kclhost::host::cli
