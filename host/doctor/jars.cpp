// The daemon's jars: there, whole, and all of them.
#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "config/daemon_version.hpp"
#include "doctor/checks.hpp"
#include "doctor/zip_names.hpp"
#include "launch/fetch_command.hpp"
#include "launch/files.hpp"

namespace kclhost::host::doctor {
namespace {

namespace fs = std::filesystem;

// The one that the shipped list of classes is of.
constexpr char listed_version[] = "3.1.3";

// What Java has itself, and what is made while it runs, is in no jar.
bool is_of_a_jar(std::string_view name) {
  for (const std::string_view other :
       {"#", "@", "java/", "javax/", "jdk/", "sun/", "com/sun/", "org/xml/", "org/w3c/", "org/jcp/"}) {
    if (name.starts_with(other)) return false;
  }
  return !name.empty() && name.find("$$") == std::string_view::npos && name.find("$Proxy") == std::string_view::npos;
}

// Of the classes that the daemon is known to load, those that no jar has.
std::vector<std::string> missing_classes(const std::unordered_set<std::string>& names) {
  const auto list = launch::shipped_file("classes");
  std::istringstream lines(list ? launch::read_file(*list).value_or("") : "");
  std::vector<std::string> missing;
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(0, line.find(' '));
    if (is_of_a_jar(name) && names.count(name + ".class") == 0) missing.push_back(name);
  }
  return missing;
}

}  // namespace

Outcome look_at_jars(Setup& setup) {
  if (!setup.has_daemon()) return not_looked(no_daemon);
  if (!setup.command) return not_looked("what kclhost launch would start is not clear");
  const std::string fetch = launch::how_to_fetch(setup.config, setup.config.daemon.java);
  const std::string again = "empty the directory to fetch them again; " + fetch;
  config::Config config = setup.config;
  launch::Command command = *setup.command;
  config.daemon.java = command.arguments.front() = "/proc/self/exe";  // Java is another check's
  if (const auto obstacle = launch::find_obstacle(config, command)) {
    return found(finding_of(command.jars.empty() ? setup.file() : command.jars.string(), obstacle->message, fetch));
  }
  Outcome outcome;
  std::unordered_set<std::string> names;
  std::size_t jars = 0, daemons = 0;
  for (const auto& entry : fs::directory_iterator(command.jars)) {
    if (entry.path().extension() != ".jar") continue;
    ++jars;
    if (entry.path().filename().string().starts_with("amazon-kinesis-client-multilang-")) ++daemons;
    if (auto held = zip_names(entry.path())) {
      for (std::string& name : *held) names.insert(std::move(name));
    } else {
      outcome.findings.push_back({entry.path().string(), held.error(), again});
    }
  }
  const std::string version = config::daemon_version(command.jars);
  if (daemons > 1) {
    outcome.findings.push_back({command.jars.string(), "it has more than one version of the daemon", again});
  } else if (outcome.findings.empty() && version == listed_version) {
    if (const auto missing = missing_classes(names); !missing.empty()) {
      outcome.findings.push_back({command.jars.string(),
                                  "jars are missing: the daemon loads " + std::to_string(missing.size()) +
                                      " classes that are in none, " + missing.front() + " for one",
                                  again});
    }
  }
  outcome.says = "the daemon " + version + ", " + std::to_string(jars) + " jars";
  return outcome;
}

}  // namespace kclhost::host::doctor
