#include "cli/configuration.hpp"

#include <cstdlib>
#include <utility>

#include "cli/cli.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

constexpr const char* variable = "KCLHOST_CONFIG";
constexpr const char* usual_file = "/etc/kclhost/kclhost.yaml";

}  // namespace

void add_configuration(CommandLine& command, std::filesystem::path& file) {
  command.add({.names = "--config,FILE",
               .into = &file,
               .help = "Configuration file (default: KCLHOST_CONFIG's, else /etc/kclhost/kclhost.yaml)",
               .value = "FILE"});
}

std::filesystem::path configuration(const std::filesystem::path& given) {
  if (!given.empty()) return given;
  if (const char* named = std::getenv(variable); named != nullptr && *named != '\0') return named;
  std::error_code error;
  return std::filesystem::exists(usual_file, error) ? usual_file : std::filesystem::path();
}

Command with_configuration(std::shared_ptr<std::filesystem::path> given,
                           std::function<int(const std::filesystem::path&)> act) {
  return [given = std::move(given), act = std::move(act)] {
    const std::filesystem::path file = configuration(*given);
    return file.empty() ? no_configuration() : act(file);
  };
}

int no_configuration() {
  complain(std::string("no configuration: name it with --config FILE or in ") + variable + ", or put it at " +
           usual_file + "; see kclhost --help");
  return exit_usage;
}

}  // namespace kclhost::host::cli
