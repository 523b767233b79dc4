#include "import/import.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "launch/files.hpp"
#include "support/exit_code.hpp"

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
  std::fwrite(imported.yaml.data(), 1, imported.yaml.size(), stdout);  // its arrival is checked once this is done
  return exit_done;
}

}  // namespace

void add_import(CommandLine& program) {
  CommandLine command = program.add_command("import", "Turn a daemon's properties file into a configuration");
  auto file = std::make_shared<std::string>();
  auto plugin = std::make_shared<std::string>("my_processor.so");
  command.add({.names = "properties",
               .into = file.get(),
               .help = "The daemon's properties file",
               .required = true,
               .value = "FILE"});
  command.add({.names = "--plugin",
               .into = plugin.get(),
               .help = "The plugin's file, for plugin.path",
               .value = "NAME",
               .show_default = true});
  command.runs([file, plugin] { return import_file(*file, *plugin); });
}

}  // namespace kclhost::host::cli
