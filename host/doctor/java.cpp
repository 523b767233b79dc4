// The Java that the daemon would run on.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "config/digits.hpp"
#include "doctor/checks.hpp"
#include "launch/class_archive.hpp"
#include "launch/fetch_command.hpp"
#include "launch/files.hpp"
#include "launch/run_program.hpp"

namespace kclhost::host::doctor {
namespace {

constexpr int oldest_java = 17;
constexpr int tried_javas[] = {17, 21, 25};
constexpr char get_java[] =
    "install a Java runtime, 17 or later (Debian: default-jre-headless), or name one with daemon.java";

// "17.0.9" of what -version prints; "" when it does not say.
std::string java_version(const std::string& output) {
  constexpr std::string_view before = "version \"";
  const auto at = output.find(before);
  if (at == std::string::npos) return {};
  const auto begin = at + before.size();
  return output.substr(begin, output.find('"', begin) - begin);
}

// Before Java 9 the number stood second: 1.8.0.
int major_version(std::string_view version) {
  if (version.starts_with("1.")) version.remove_prefix(2);
  const std::string_view digits = config::take_digits(version);
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

Outcome look_at_java(Setup& setup) {
  if (!setup.has_daemon()) return not_looked(no_daemon);
  const std::string& named = setup.config.daemon.java;
  const auto program = launch::find_program(named);
  if (!program) return found({named, "there is no such program, or it can't be executed", get_java});
  const auto ran = launch::run_program({program->string(), "-version"});
  const std::string where = program->string();
  if (!ran) return found({where, ran.error(), "raise the limit on processes (ulimit -u)"});
  const std::string version = java_version(ran->output);
  if (ran->wait_status != 0 || version.empty()) {
    const std::string said = ran->output.empty() ? "it says nothing" : "it says " + ran->output.substr(0, 300);
    return found({where, "it does not tell its version, so it is no Java that works: " + said, get_java});
  }
  const int major = major_version(version);
  if (major < oldest_java) return found({where, "it is Java " + version + ", which is too old", get_java});
  const bool tried = std::find(std::begin(tried_javas), std::end(tried_javas), major) != std::end(tried_javas);
  return well("Java " + version + ", " + where + (tried ? "" : " (kclhost is tried with 17, 21 and 25)"));
}

Outcome look_at_class_archive(Setup& setup) {
  if (!setup.has_daemon()) return not_looked(no_daemon);
  const auto program = launch::find_program(setup.config.daemon.java);
  if (!setup.command || !program) return not_looked("the daemon can't be started");
  if (setup.command->archive.empty()) return well("none is used: the daemon starts more slowly");
  if (launch::archive_fits(program->string(), setup.command->jars)) return well("it fits Java and jars");
  return found({setup.command->archive.string(),
                "it was not made by this Java or not of these jars, so the daemon starts without it, more slowly",
                "make it anew: " + launch::command_for_archive(setup.config, setup.config.daemon.java)});
}

}  // namespace kclhost::host::doctor
