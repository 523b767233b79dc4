#include "cli/usage.hpp"

#include <algorithm>
#include <vector>

#include "config/nearest.hpp"

namespace kclhost::host::cli {
namespace {

using Names = std::vector<std::string>;

std::string unknown(const char* what, std::string_view name, std::span<const std::string_view> known,
                    const char* prefix = "") {
  std::string text = std::string("unknown ") + what + ' ' + prefix + std::string(name);
  std::string_view nearest = config::nearest(name, known);
  for (const std::string_view candidate : known) {
    if (nearest.empty() && !name.empty() && candidate.starts_with(name)) nearest = candidate;
  }
  if (!nearest.empty()) {
    text += "; did you mean " + (prefix + std::string(nearest)) + '?';
  }
  return text;
}

bool all(const CLI::App*) {
  return true;
}

// The long names of the options, those of option groups (commands without a name) too, and the commands.
void collect(const CLI::App& app, Names& options, Names& commands) {
  for (const CLI::Option* option : app.get_options()) {
    options.insert(options.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  for (const CLI::App* command : app.get_subcommands(all)) {
    if (command->get_name().empty()) {
      collect(*command, options, commands);
    } else {
      commands.push_back(command->get_name());
    }
  }
}

}  // namespace

std::string unknown_command(std::string_view name, std::span<const std::string_view> commands) {
  return unknown("command", name, commands);
}

std::string unknown_argument(const CLI::App& app, std::span<char* const> arguments) {
  Names options, commands;
  collect(app, options, commands);
  const std::vector<std::string_view> known_options(options.begin(), options.end());
  const std::vector<std::string_view> known_commands(commands.begin(), commands.end());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") break;
    if (argument.starts_with("--")) {
      const std::string_view name = argument.substr(2, argument.find('=') - 2);
      if (std::find(options.begin(), options.end(), name) == options.end()) {
        return unknown("option", name, known_options, "--");
      }
    } else if (!commands.empty() && !argument.starts_with('-')) {
      if (std::find(commands.begin(), commands.end(), argument) == commands.end()) {
        return unknown("command", argument, known_commands);
      }
      return unknown_argument(*app.get_subcommand(std::string(argument)), arguments.subspan(i + 1));
    }
  }
  return {};
}

}  // namespace kclhost::host::cli
