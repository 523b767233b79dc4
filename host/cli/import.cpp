#include "import/import.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "launch/files.hpp"

namespace kclhost::host::cli {
namespace {

int import_file(const std::string& file, const std::string& plugin) {
  const auto bytes = launch::read_file(file);
  if (!bytes) {
    complain(file + ": can't be read; name the properties file that the daemon is started with");
    return exit_usage;
  }
  const auto properties = importing::read_properties(*bytes);
  if (!properties) {
    complain(file + ":" + properties.error());
    return exit_usage;
  }
  const importing::Imported imported = importing::import_properties(*properties, file, plugin);
  for (const importing::Remark& remark : imported.remarks)
    complain(file + ":" + (remark.line == 0 ? "" : std::to_string(remark.line) + ":") + " " + remark.text);
  const bool written = std::fwrite(imported.yaml.data(), 1, imported.yaml.size(), stdout) == imported.yaml.size();
  if (written && std::fflush(stdout) == 0) return exit_done;
  complain("import: can't write to standard output");
  return exit_broken_pipe;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("import", "Turn a daemon's properties file into a configuration");
  auto file = std::make_shared<std::string>();
  auto plugin = std::make_shared<std::string>("my_processor.so");
  command->add_option("properties", *file, "The daemon's properties file")->required()->type_name("FILE");
  command->add_option("--plugin", *plugin, "The plugin's file, for plugin.path")
      ->type_name("NAME")
      ->capture_default_str();
  command->callback([&action, file, plugin] { action = [=] { return import_file(*file, *plugin); }; });
}

}  // namespace kclhost::host::cli
