#include "conformance/conformance.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/cli.hpp"
#include "cli/replay_arguments.hpp"
#include "launch/files.hpp"
#include "plugin/config_schema.hpp"
#include "plugin/cures.hpp"
#include "plugin/missing.hpp"
#include "support/exit_code.hpp"
#include "support/json.hpp"
#include "worker/probe.hpp"

namespace kclhost::host::cli {
namespace {

using conformance::Subject;
using conformance::Weight;

struct Arguments {
  std::string plugin, config, records;
  std::optional<std::string> format;
  std::size_t seed = 1;
  double timeout = 30;  // seconds
  bool json = false;
};

int give_up(int code, const std::string& message) {
  complain(message);
  return code;
}

bool is_json(const std::string& text) {
  rapidjson::Document document;
  return !json::parse(text, document);
}

// plugin.config as JSON text: as it was given, or as a file has it.
Result<std::string> read_config(const std::string& given) {
  if (given.empty()) return std::string("{}");
  if (is_json(given)) return given;
  std::optional<std::string> content = launch::read_file(given);
  if (!content) return Error{"--config is neither JSON nor a file that can be read: " + given};
  if (is_json(*content)) return std::move(*content);
  const config::Loaded loaded = config::parse(*content, std::filesystem::absolute(given));
  if (!loaded.problems.empty()) return Error{loaded.problems.front().str()};
  return loaded.config.plugin.config_json;
}

// What the plugin's schema has against the configuration; the error says why the schema can't be used.
Result<std::string> misfit(const std::string& schema, const std::string& config_json) {
  if (schema.empty()) return std::string();
  const auto misfits = plugin::find_misfits(schema, config_json);
  if (!misfits) return Error{misfits.error()};
  return misfits->empty() ? std::string() : misfits->front().str() + "; give a configuration that does with --config";
}

// A line now and then, when it takes long.
class Progress {
 public:
  void operator()(const char* name, std::size_t number, std::size_t of) {
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < std::chrono::seconds(1)) return;
    told_ = now;
    std::fprintf(stderr, "conformance: %zu of %zu: %s\n", number, of, name);
  }

 private:
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

int conform(const Arguments& arguments) {
  if (arguments.format && arguments.records.empty()) {
    return give_up(exit_usage, "--format goes with --records; see kclhost conformance --help");
  }
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(arguments.plugin, error);
  if (error) return give_up(exit_plugin, plugin::not_found(arguments.plugin, error));
  Result<plugin::File> file = plugin::read_file(path);
  if (!file) return give_up(exit_plugin, file.error());
  Result<std::string> config = read_config(arguments.config);
  if (!config) return give_up(exit_usage, config.error());
  Subject subject;
  subject.file = std::move(*file);
  subject.config_json = std::move(*config);
  subject.seed = arguments.seed;
  subject.timeout = config::Milliseconds(static_cast<std::int64_t>(arguments.timeout * 1000));
  if (!arguments.records.empty()) {
    ReplayArguments replayed;
    if (arguments.format) replayed.format = *arguments.format;
    Result<conformance::Records> records = conformance::read_records(arguments.records, input_of(replayed).format);
    if (!records) return give_up(exit_usage, records.error());
    subject.own_records = std::move(*records);
  }
  Result<std::string> unfit{std::string()};
  const worker::Question question{.config_json = subject.config_json, .fits = [&](const Descriptor& about) {
                                    unfit = misfit(about.config_schema, subject.config_json);
                                    return unfit && unfit->empty();
                                  }};
  Result<worker::Probed> probed = worker::probe(subject.path(), subject.timeout, question);
  if (!probed) {
    return give_up(exit_plugin, "plugin " + subject.path() + " " + plugin::with_cure(probed.error()));
  }
  subject.about = probed->about;
  // kclhost starts no instance with such a schema.
  if (!unfit) return give_up(exit_plugin, "plugin " + subject.path() + ": " + unfit.error());
  if (!unfit->empty()) return give_up(exit_usage, *unfit);
  if (!probed->objection.empty()) {
    return give_up(exit_usage, "the plugin refuses its configuration: " + probed->objection);
  }
  Progress progress;
  const conformance::Report report = conformance::play(subject, std::ref(progress));
  std::fputs((arguments.json ? json_of(report) : text_of(report)).c_str(), stdout);
  return report.has(Weight::fault) ? exit_stopped : exit_done;
}

}  // namespace

void add_conformance(CommandLine& program) {
  CommandLine command = program.add_command("conformance", "Play everything to a plugin, and say what to mend in it");
  auto arguments = std::make_shared<Arguments>();
  command.add(
      {.names = "plugin", .into = &arguments->plugin, .help = "Plugin file (.so)", .required = true, .value = "FILE"});
  command.add({.names = "--config",
               .into = &arguments->config,
               .help = "plugin.config: JSON, a file of it, or a configuration file that has it",
               .value = "JSON|FILE"});
  command.add({.names = "--records",
               .into = &arguments->records,
               .help = "Play the records of this file as well, which kclhost replay could read",
               .value = "FILE"});
  command.add({.names = "--format",
               .into = &arguments->format,
               .help = "Of that file: auto (default), json, lines, dead-letters or protocol",
               .value = "FORMAT",
               .choices = {"auto", "json", "lines", "dead-letters", "protocol"}});
  command.add({.names = "--seed",
               .into = &arguments->seed,
               .help = "Plays the same records again (default 1)",
               .value = "N",
               .least = Least::zero});
  command.add({.names = "--timeout",
               .into = &arguments->timeout,
               .help = "What a call may take (default 30)",
               .value = "SECONDS",
               .least = Least::above_zero});
  command.add({.names = "--json", .into = &arguments->json, .help = "Print JSON"});
  command.runs([arguments] { return conform(*arguments); });
}

}  // namespace kclhost::host::cli
