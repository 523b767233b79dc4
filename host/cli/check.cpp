#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/findings.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

using config::Problem;

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void write(Json& json, const Findings& findings) {
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
}

// Of several streams, by their names.
using Found = std::vector<std::pair<std::string, Findings>>;

void print_json(const Found& found) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetIndent(' ', 2);
  if (found.size() == 1) {
    write(json, found.front().second);
  } else {
    json.StartObject();
    json.Key("streams");
    json.StartObject();
    for (const auto& [stream, findings] : found) {
      json.Key(stream.c_str());
      write(json, findings);
    }
    json.EndObject();
    json.EndObject();
  }
  std::puts(buffer.GetString());
}

void print_text(const std::string& prefix, const Findings& findings) {
  const char* const before = prefix.c_str();
  for (const Problem& problem : findings.problems) std::fprintf(stderr, "%s%s\n", before, problem.str().c_str());
  for (const Note& note : findings.notes) std::fprintf(stderr, "%snote: %s\n", before, one_line(note.str()).c_str());
  if (findings.problems.empty()) {
    std::printf("%sok: plugin %s %s\n", before, findings.plugin->id.c_str(), findings.plugin->version.c_str());
  }
}

int check(const Source& source, bool as_json) {
  Found found;
  for (const std::string& stream : streams_of(source)) {
    found.emplace_back(stream, find_problems(config::load(source.file, stream)));
    // What one finds is there to be read while the next is looked at.
    if (!as_json) print_text(source.stream.empty() ? prefix_of(stream) : "", found.back().second);
  }
  if (as_json) print_json(found);
  int exit_code = exit_done;
  for (const auto& [stream, findings] : found) {
    if (exit_code == exit_done) exit_code = findings.exit_code;
  }
  return exit_code;
}

}  // namespace

void add_check(CommandLine& program) {
  CommandLine command = program.add_command("check", "Find everything wrong with a configuration and its plugin");
  auto source = std::make_shared<Source>();
  auto as_json = std::make_shared<bool>(false);
  add_configuration(command, *source);
  command.add({.names = "--json", .into = as_json.get(), .help = "Print JSON"});
  command.runs(with_configuration(source, [as_json](const Source& found) { return check(found, *as_json); }));
}

}  // namespace kclhost::host::cli
