#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/cli.hpp"
#include "plugin/cures.hpp"
#include "plugin/file.hpp"
#include "plugin/missing.hpp"
#include "plugin/warnings.hpp"
#include "support/exit_code.hpp"
#include "worker/probe.hpp"

namespace kclhost::host::cli {
namespace {

struct Inspection {
  plugin::File file;
  Descriptor descriptor;
  std::vector<std::string> warnings;
};

std::string abi_of(const Descriptor& descriptor) {
  return std::to_string(KCLHOST_ABI_MAJOR) + "." + std::to_string(descriptor.abi_minor);
}

void print_text(const Inspection& found) {
  const Descriptor& about = found.descriptor;
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty()) std::printf("%-14s %s\n", name, value.c_str());
  };
  line("id", about.id);
  line("version", about.version);
  line("description", about.description);
  line("abi", abi_of(about));
  line("checkpoints", about.checkpoints_itself() ? "by the plugin" : "by the host");
  line("acknowledges", about.acknowledges() ? "yes" : "");
  line("empty batches", about.wants_empty_batches() ? "wanted" : "not wanted");
  line("can shadow", about.can_shadow ? "yes" : "");
  line("config schema", about.config_schema.empty() ? "none" : about.config_schema);
  line("sha256", found.file.sha256);
  line("file", found.file.path.string());
  for (const std::string& name : found.file.elf.exported) line("exports", name);
  for (const std::string& name : found.file.elf.needed) line("needs", name);
  for (const std::string& text : found.warnings) line("warning", text);
}

void print_json(const Inspection& found) {
  const Descriptor& about = found.descriptor;
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  const auto text = [&json](const char* key, const std::string& value) {
    json.Key(key);
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto list = [&json](const char* key, const std::vector<std::string>& values) {
    json.Key(key);
    json.StartArray();
    for (const std::string& value : values) json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
    json.EndArray();
  };
  json.StartObject();
  text("id", about.id);
  text("version", about.version);
  text("description", about.description);
  text("abi", abi_of(about));
  text("checkpointing", about.checkpoints_itself() ? "plugin" : "host");
  json.Key("acknowledges");
  json.Bool(about.acknowledges());
  json.Key("empty_batches");
  json.Bool(about.wants_empty_batches());
  json.Key("can_shadow");
  json.Bool(about.can_shadow);
  text("config_schema", about.config_schema);
  text("sha256", found.file.sha256);
  text("file", found.file.path.string());
  list("exports", found.file.elf.exported);
  list("needs", found.file.elf.needed);
  list("warnings", found.warnings);
  json.EndObject();
  std::puts(buffer.GetString());
}

int inspect(const std::string& name, bool as_json) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(name, error);
  if (error) {
    complain(plugin::not_found(name, error));
    return exit_plugin;
  }
  Result<plugin::File> file = plugin::read_file(path);
  if (!file) {
    complain(file.error());
    return exit_plugin;
  }
  Result<worker::Probed> probed = worker::probe(path.string(), config::Timeouts{}.initialize);
  if (!probed) {
    complain("plugin " + path.string() + " " + plugin::with_cure(probed.error()));
    return exit_plugin;
  }
  const Inspection found{std::move(*file), std::move(probed->about), plugin::warnings_of(file->elf)};
  as_json ? print_json(found) : print_text(found);
  return exit_done;
}

}  // namespace

void add_inspect(CommandLine& program) {
  CommandLine command = program.add_command("inspect", "Show what a plugin file is");
  auto name = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  command.add({.names = "plugin", .into = name.get(), .help = "Plugin file (.so)", .required = true, .value = "FILE"});
  command.add({.names = "--json", .into = as_json.get(), .help = "Print JSON"});
  command.runs([name, as_json] { return inspect(*name, *as_json); });
}

}  // namespace kclhost::host::cli
