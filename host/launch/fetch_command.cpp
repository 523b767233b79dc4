#include "launch/fetch_command.hpp"

#include <filesystem>

#include "config/daemon_version.hpp"
#include "launch/command.hpp"
#include "launch/fetch.hpp"
#include "launch/files.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

// What the shipped pom brings.
struct ShippedPom {
  std::string stamp;  // the first line
  std::string version;
};

ShippedPom shipped_pom() {
  const auto file = shipped_file("pom.xml");
  const std::string pom = file ? read_file(*file).value_or("") : "";
  const std::string tag = "<" + std::string(version_property) + ">";
  const auto at = pom.find(tag);
  if (at == std::string::npos) return {};
  const auto begin = at + tag.size();
  return {sha256_hex(pom), pom.substr(begin, pom.find('<', begin) - begin)};
}

// What somebody chose when they filled the directory.
struct Chosen {
  std::string version;       // where it is another than the shipped pom's
  bool another_pom = false;  // an older kclhost's, or one of the user's own: nothing tells
};

Chosen chosen_for(const fs::path& jars) {
  if (jars.empty()) return {};
  const ShippedPom ours = shipped_pom();
  const std::string stamp = read_file(jars / stamp_name).value_or("");
  const std::string first = stamp.substr(0, stamp.find('\n'));
  if (!first.empty() && first == ours.stamp) return {};
  Chosen chosen;
  for (const std::string& name : names_in(stamp)) {
    if (chosen.version.empty()) chosen.version = config::daemon_version_in(name);
  }
  if (chosen.version.empty()) chosen.version = config::daemon_version(jars);
  if (chosen.version == ours.version) chosen.version.clear();
  chosen.another_pom = !first.empty() && !first.starts_with(ours.stamp + ' ');
  return chosen;
}

std::string option_for_java(const config::Config& config, const std::string& java) {
  return java == config.daemon.java ? "" : " --java " + quote_for_shell({java});
}

}  // namespace

std::string how_to_fetch(const config::Config& config, const std::string& java) {
  const Chosen chosen = chosen_for(config.daemon.jars);
  const std::string remark =
      chosen.another_pom ? "where the jars were of a pom of your own, add --pom FILE to what follows; " : "";
  const std::string version = chosen.version.empty() ? "" : " --version " + chosen.version;
  return remark + "run: kclhost fetch-daemon --config " + config.arguments() + option_for_java(config, java) + version;
}

std::string command_for_archive(const config::Config& config, const std::string& java) {
  return "kclhost fetch-daemon --archive-only --config " + config.arguments() + option_for_java(config, java);
}

}  // namespace kclhost::host::launch
