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

void add_configuration(CommandLine& command, Source& source) {
  command.add({.names = "--config,FILE",
               .into = &source.file,
               .help = "Configuration file (default: KCLHOST_CONFIG's, else /etc/kclhost/kclhost.yaml)",
               .value = "FILE"});
  add_stream(command, source.stream);
}

void add_stream(CommandLine& command, std::string& stream) {
  command.add({.names = "--stream",
               .into = &stream,
               .help = "Which of the configuration's streams, where it has several",
               .value = "NAME"});
}

std::filesystem::path configuration(const std::filesystem::path& given) {
  if (!given.empty()) return given;
  if (const char* named = std::getenv(variable); named != nullptr && *named != '\0') return named;
  std::error_code error;
  return std::filesystem::exists(usual_file, error) ? usual_file : std::filesystem::path();
}

Command with_configuration(std::shared_ptr<Source> given, std::function<int(const Source&)> act) {
  return [given = std::move(given), act = std::move(act)] {
    const Source source{configuration(given->file), given->stream};
    return source.file.empty() ? no_configuration() : act(source);
  };
}

std::vector<std::string> streams_of(const Source& source) {
  std::vector<std::string> names;
  if (source.stream.empty()) names = config::stream_names(source.file);
  if (names.empty()) names.push_back(source.stream);
  return names;
}

std::optional<config::Loaded> load(const Source& source) {
  config::Loaded loaded = config::load(source.file, source.stream);
  for (const config::Problem& problem : loaded.problems) complain(problem.str());
  if (!loaded.problems.empty()) return std::nullopt;
  return loaded;
}

std::string prefix_of(const std::string& stream) {
  return stream.empty() ? std::string() : stream + ": ";
}

int no_configuration() {
  complain(std::string("no configuration: name it with --config FILE or in ") + variable + ", or put it at " +
           usual_file);
  return exit_usage;
}

}  // namespace kclhost::host::cli
