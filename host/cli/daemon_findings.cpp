#include "cli/daemon_findings.hpp"

#include <filesystem>

#include "config/messages.hpp"
#include "config/table_names.hpp"
#include "launch/command.hpp"
#include "launch/files.hpp"
#include "launch/handoff.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

config::Problem at_property(const config::Config& config, const std::string& property, const std::string& message) {
  const auto position = config.daemon.property_positions.find(property);
  return {config.file.string(),
          position == config.daemon.property_positions.end() ? config::Position{} : position->second,
          one_line(message)};
}

void check_files(const config::Daemon& daemon, Findings& findings) {
  for (const auto& [what, path] : {std::pair{"daemon.jars", daemon.jars}, {"daemon.logback", daemon.logback}}) {
    if (path.empty() || std::filesystem::exists(path)) continue;
    findings.notes.push_back(std::string(what) + " " + path.string() +
                             " is not there; kclhost launch needs it (kclhost fetch-daemon gets the jars)");
  }
}

// The daemon has one place for both, and what it is told last counts.
void note_positions(const config::Config& config, Findings& findings) {
  constexpr char by_name[] = "initialPositionInStream", by_time[] = "initialPositionInStreamExtended";
  if (config.daemon.properties.count(by_name) == 0 || config.daemon.properties.count(by_time) == 0) return;
  findings.notes.push_back(at_property(config, by_time,
                                       std::string(by_name) +
                                           " is set too, and Java's hashing decides which of the two "
                                           "counts; leave one out")
                               .str());
}

void note_handoff(const config::Config& config, Findings& findings) {
  const launch::Handoff handoff = launch::graceful_handoff(config.daemon);
  findings.notes.push_back(handoff.risky ? at_property(config, launch::handoff_property, handoff.says).str()
                                         : handoff.says);
}

}  // namespace

void check_daemon(const config::Config& config, Findings& findings) {
  for (const config::BadTableName& bad : config::find_bad_table_names(config.daemon.properties)) {
    findings.problems.push_back(at_property(config, bad.property, bad.message));
    if (findings.exit_code == exit_done) findings.exit_code = exit_usage;
  }
  check_files(config.daemon, findings);
  if (config.daemon.properties.empty()) return;
  if (const auto command = launch::make_command(config, launch::own_executable()); !command) {
    findings.notes.push_back("kclhost launch will refuse this: " + command.error());
  }
  note_positions(config, findings);
  note_handoff(config, findings);
}

}  // namespace kclhost::host::cli
