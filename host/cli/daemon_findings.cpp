#include "cli/daemon_findings.hpp"

#include <cstdlib>
#include <filesystem>

#include "config/messages.hpp"
#include "config/table_names.hpp"
#include "launch/command.hpp"
#include "launch/files.hpp"
#include "launch/handoff.hpp"
#include "launch/heap.hpp"
#include "launch/priming.hpp"
#include "support/available_memory.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

config::Problem at_property(const config::Config& config, const std::string& property, const std::string& message) {
  const auto position = config.daemon.property_positions.find(property);
  return {config.file.string(),
          position == config.daemon.property_positions.end() ? config::Position{} : position->second,
          one_line(message)};
}

// Where the configuration has it: FILE:LINE:COL.
std::string place_of(const config::Config& config, const std::string& property) {
  const config::Problem problem = at_property(config, property, "");
  return problem.file + ':' + std::to_string(problem.position.line) + ':' + std::to_string(problem.position.column);
}

void check_files(const config::Daemon& daemon, Findings& findings) {
  for (const auto& [what, path] : {std::pair{"daemon.jars", daemon.jars}, {"daemon.logback", daemon.logback}}) {
    if (path.empty() || std::filesystem::exists(path)) continue;
    findings.notes.push_back({.what = std::string(what) + " " + path.string() +
                                      " is not there; kclhost launch needs it (kclhost fetch-daemon gets the jars)"});
  }
}

// The daemon has one place for both, and what it is told last counts.
void note_positions(const config::Config& config, Findings& findings) {
  constexpr char by_name[] = "initialPositionInStream", by_time[] = "initialPositionInStreamExtended";
  if (config.daemon.properties.count(by_name) == 0 || config.daemon.properties.count(by_time) == 0) return;
  findings.notes.push_back({place_of(config, by_time),
                            std::string(by_name) + " is set too, and Java's hashing decides which of the two counts",
                            "leave one out"});
}

void note_handoff(const config::Config& config, Findings& findings) {
  const launch::Handoff handoff = launch::graceful_handoff(config.daemon);
  const std::string where = handoff.cure.empty() ? "" : place_of(config, launch::handoff_property);
  findings.notes.push_back({where, handoff.says, handoff.cure});
}

void note_priming(const config::Daemon& daemon, Findings& findings) {
  const auto why_not = launch::why_not_primed(daemon, launch::own_executable());
  findings.notes.push_back({.what = why_not ? "a new application's tables and leases are left to the KCL: " + *why_not
                                            : "kclhost launch makes a new application's tables and leases itself"});
}

// The defaults hold more shards than that.
constexpr std::uint64_t many_shards = 12;

// `records`: maxRecords as the daemon will be told; empty: it will not.
void note_memory(const config::Daemon& daemon, const std::string& records, Findings& findings) {
  const std::uint64_t memory = available_memory();
  if (daemon.heap && launch::heap_of_options(daemon, memory)) {
    findings.notes.push_back({.what = "daemon.heap is not used: daemon.jvm_options set the heap"});
  }
  if (records.empty()) return;
  const bool set = daemon.properties.count("maxRecords") != 0;
  const std::uint64_t heap = launch::heap_limit(daemon, memory), most = std::strtoull(records.c_str(), nullptr, 10),
                      held = launch::shards_held(heap, most);
  if (held >= many_shards || (!set && most <= launch::records_a_read(heap))) return;
  findings.notes.push_back({.what = "the daemon may run out of memory: with maxRecords " + records +
                                    (set ? "" : ", for the pause between two reads,") + " its heap of " +
                                    std::to_string(heap >> 20) + " MiB holds about " + std::to_string(held) +
                                    " shards that have a backlog",
                            .cure = std::string("raise daemon.heap, or set daemon.properties.") +
                                    (set ? "maxRecords" : "idleTimeBetweenReadsInMillis") + " lower"});
}

}  // namespace

void check_daemon(const config::Config& config, Findings& findings) {
  for (const config::BadTableName& bad : config::find_bad_table_names(config.daemon.properties)) {
    findings.problems.push_back(at_property(config, bad.property, bad.message));
    if (findings.exit_code == exit_done) findings.exit_code = exit_usage;
  }
  check_files(config.daemon, findings);
  std::string max_records;
  if (!config.daemon.properties.empty()) {
    if (const auto command = launch::make_command(config, launch::own_executable()); !command) {
      findings.notes.push_back({.what = "kclhost launch will refuse this: " + command.error()});
    } else {
      max_records = command->properties.at("maxRecords");
    }
    note_positions(config, findings);
    note_handoff(config, findings);
    note_priming(config.daemon, findings);
  }
  note_memory(config.daemon, max_records, findings);
}

}  // namespace kclhost::host::cli
