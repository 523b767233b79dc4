#include "launch/fetch_command.hpp"

#include "launch/command.hpp"

namespace kclhost::host::launch {
namespace {

std::string option_for_java(const config::Config& config, const std::string& java) {
  return java == config.daemon.java ? "" : " --java " + quote_for_shell({java});
}

}  // namespace

std::string command_for_archive(const config::Config& config, const std::string& java) {
  return "kclhost fetch-daemon --archive-only --config " + config.arguments() + option_for_java(config, java);
}

}  // namespace kclhost::host::launch
