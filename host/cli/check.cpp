#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/findings.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

using config::Problem;

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
  for (const Note& note : findings.notes) json.String(note.str().c_str());
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
  for (const Note& note : findings.notes) std::fprintf(stderr, "note: %s\n", one_line(note.str()).c_str());
  if (findings.problems.empty()) {
    std::printf("ok: plugin %s %s\n", findings.plugin->id.c_str(), findings.plugin->version.c_str());
  }
}

int check(const std::filesystem::path& file, bool as_json) {
  const Findings findings = find_problems(config::load(file));
  as_json ? print_json(findings) : print_text(findings);
  return findings.exit_code;
}

}  // namespace

void add_check(CommandLine& program) {
  CommandLine command = program.add_command("check", "Find everything wrong with a configuration and its plugin");
  auto file = std::make_shared<std::filesystem::path>();
  auto as_json = std::make_shared<bool>(false);
  add_configuration(command, *file);
  command.add({.names = "--json", .into = as_json.get(), .help = "Print JSON"});
  command.runs(
      with_configuration(file, [as_json](const std::filesystem::path& found) { return check(found, *as_json); }));
}

}  // namespace kclhost::host::cli
