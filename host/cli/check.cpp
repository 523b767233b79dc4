#include <rapidjson/prettywriter.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "plugin/file.hpp"
#include "plugin/warnings.hpp"
#include "processor/probe.hpp"
#include "support/json.hpp"

namespace kclhost::host::cli {
namespace {

using config::Config;
using config::Problem;

struct Findings {
  int exit_code = exit_done;
  std::vector<Problem> problems;
  bool staged = false;             // or it was tried in vain: either way state_dir was looked at
  std::vector<std::string> notes;  // true, worth knowing, no problem
  std::optional<processor::Descriptor> plugin;

  void add(const Config& config, int code, std::string message) {
    problems.push_back({config.file.string(), config.plugin.path_position, std::move(message)});
    if (exit_code == exit_done) exit_code = code;
  }
};

std::string text_of(const rapidjson::Pointer& pointer) {
  rapidjson::StringBuffer text;
  pointer.Stringify(text);
  return text.GetSize() == 0 ? "the top" : std::string(text.GetString());
}

// Where plugin.config does not fit the plugin's own schema; empty when it does.
std::string misfit(const std::string& schema_text, const std::string& config_json) {
  rapidjson::Document schema, document;
  if (const auto fault = json::parse(schema_text, schema)) {
    return "the plugin's config_schema is no JSON: " + fault->str();
  }
  if (const auto fault = json::parse(config_json, document)) return "plugin.config can't be checked: " + fault->str();
  const rapidjson::SchemaDocument rules(schema);
  rapidjson::SchemaValidator validator(rules);
  if (document.Accept(validator)) return {};
  return "plugin.config does not fit the plugin's schema: at " + text_of(validator.GetInvalidDocumentPointer()) +
         " the rule \"" + validator.GetInvalidSchemaKeyword() + "\" is broken (kclhost inspect shows the schema)";
}

void check_plugin(const Config& config, Findings& findings) {
  Result<plugin::File> file = plugin::find(config);
  if (!file) return findings.add(config, exit_plugin, file.error());
  Result<std::filesystem::path> staged = plugin::stage(*file, config.state_dir);
  findings.staged = true;
  if (!staged) return findings.add(config, exit_plugin, staged.error());
  Result<processor::Descriptor> descriptor = processor::probe(staged->string(), config.timeouts.initialize);
  if (!descriptor) {
    return findings.add(config, exit_plugin, "plugin " + file->path.string() + " " + descriptor.error());
  }
  for (std::string& warning : plugin::warnings_of(file->elf))
    findings.notes.push_back("the plugin " + std::move(warning));
  if (!descriptor->config_schema.empty()) {
    std::string why = misfit(descriptor->config_schema, config.plugin.config_json);
    if (!why.empty()) findings.add(config, exit_usage, std::move(why));
  }
  findings.plugin = std::move(*descriptor);
}

// The nearest folder above that is there; what is missing below it is made when it is needed.
std::filesystem::path existing_part(std::filesystem::path path) {
  std::error_code ignored;
  while (path.has_relative_path() && !std::filesystem::exists(path, ignored)) path = path.parent_path();
  return path;
}

void check_files(const Config& config, Findings& findings) {
  if (!findings.staged && ::access(existing_part(config.state_dir).c_str(), W_OK | X_OK) != 0) {
    findings.add(config, exit_stopped, "state_dir " + config.state_dir.string() + " is not writable");
  }
  for (const auto& [what, path] :
       {std::pair{"daemon.jars", config.daemon.jars}, {"daemon.logback", config.daemon.logback}}) {
    if (!path.empty() && !std::filesystem::exists(path)) {
      findings.notes.push_back(std::string(what) + " " + path.string() +
                               " is not there; kclhost launch needs it (kclhost fetch-daemon gets the jars)");
    }
  }
  if (config.isolation == config::Isolation::none) {
    findings.notes.push_back(
        "isolation none: a crash, exit() or hang of the plugin ends this host and with it the daemon; "
        "timeouts and hot swap are off");
  }
}

void print_json(const Findings& findings) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  json.Key("problems");
  json.StartArray();
  for (const Problem& problem : findings.problems) {
    json.StartObject();
    json.Key("file");
    json.String(problem.file.c_str());
    json.Key("line");
    json.Int(problem.position.line);
    json.Key("column");
    json.Int(problem.position.column);
    json.Key("message");
    json.String(problem.message.c_str());
    json.EndObject();
  }
  json.EndArray();
  json.Key("notes");
  json.StartArray();
  for (const std::string& note : findings.notes) json.String(note.c_str());
  json.EndArray();
  if (findings.plugin) {
    json.Key("plugin");
    json.StartObject();
    json.Key("id");
    json.String(findings.plugin->id.c_str());
    json.Key("version");
    json.String(findings.plugin->version.c_str());
    json.EndObject();
  }
  json.EndObject();
  std::puts(buffer.GetString());
}

void print_text(const Findings& findings) {
  for (const Problem& problem : findings.problems) std::fprintf(stderr, "%s\n", problem.str().c_str());
  for (const std::string& note : findings.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  if (findings.problems.empty()) {
    std::printf("ok: plugin %s %s\n", findings.plugin->id.c_str(), findings.plugin->version.c_str());
  }
}

int check(const std::filesystem::path& file, bool as_json) {
  const config::Loaded loaded = config::load(file);
  Findings findings;
  findings.problems = loaded.problems;
  if (!findings.problems.empty()) {
    findings.exit_code = exit_usage;
  } else {
    check_plugin(loaded.config, findings);
    check_files(loaded.config, findings);
  }
  as_json ? print_json(findings) : print_text(findings);
  return findings.exit_code;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("check", "Find everything wrong with a configuration and its plugin");
  auto file = std::make_shared<std::filesystem::path>();
  auto as_json = std::make_shared<bool>(false);
  add_configuration(*command, *file);
  command->add_flag("--json", *as_json, "Print JSON");
  command->callback([&action, file, as_json] {
    action = with_configuration(file, [as_json](const std::filesystem::path& found) { return check(found, *as_json); });
  });
}

}  // namespace kclhost::host::cli
