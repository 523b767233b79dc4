#include "program/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "config/messages.hpp"
#include "config/nearest.hpp"
#include "program/completion.hpp"
#include "program/output.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

constexpr const char* asks_completions = "__complete";

CLI::Validator numbers(Least least) {
  return {[least](const std::string& text) {
            double number = 0;
            const bool from_zero = least == Least::zero;
            const bool fits =
                CLI::detail::lexical_cast(text, number) && number <= 1e9 && (from_zero ? number >= 0 : number > 0);
            if (fits) return std::string();
            return (from_zero ? "expected 0 or more, not " : "expected a number above 0, not ") + text;
          },
          ""};
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  return {[choices](const std::string& text) {
            const std::vector<std::string_view> known(choices.begin(), choices.end());
            if (std::find(known.begin(), known.end(), text) != known.end()) return std::string();
            return "must be " + config::join(known, " or ") + ", not " + config::in_quotes(text) +
                   config::did_you_mean(text, known);
          },
          ""};
}

CLI::Option* declare(CLI::App& app, const Option& option) {
  if (bool* const* flag = std::get_if<bool*>(&option.into)) return app.add_flag(option.names, **flag, option.help);
  return std::visit([&](auto* into) { return app.add_option(option.names, *into, option.help); }, option.into);
}

using Names = std::vector<std::string>;

// "unknown option --confg; did you mean --config?"
std::string unknown(const char* what, std::string_view name, const Names& known, const char* prefix = "") {
  std::string text = std::string("unknown ") + what + ' ' + prefix + std::string(name);
  std::string_view nearest = config::nearest(name, std::vector<std::string_view>(known.begin(), known.end()));
  for (const std::string_view candidate : known) {
    if (nearest.empty() && !name.empty() && candidate.starts_with(name)) nearest = candidate;
  }
  if (!nearest.empty()) text += "; did you mean " + (prefix + std::string(nearest)) + '?';
  return text;
}

// The long names of the options, those of option groups (commands without a name) too, and the commands.
void collect(const CLI::App& app, Names& options, Names& commands) {
  for (const CLI::Option* option : app.get_options()) {
    options.insert(options.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name().empty()) {
      collect(*command, options, commands);
    } else {
      commands.push_back(command->get_name());
    }
  }
}

// What is wrong with the first of the arguments (the program's name is not among them) that is no option, or no command
// where `app` needs one. Empty when all of them are known.
std::string unknown_argument(const CLI::App& app, std::span<char* const> arguments) {
  Names options, commands;
  collect(app, options, commands);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") break;
    if (argument.starts_with("--")) {
      const std::string_view name = argument.substr(2, argument.find('=') - 2);
      if (std::find(options.begin(), options.end(), name) == options.end()) {
        return unknown("option", name, options, "--");
      }
    } else if (!commands.empty() && !argument.starts_with('-')) {
      if (std::find(commands.begin(), commands.end(), argument) == commands.end()) {
        return unknown("command", argument, commands);
      }
      return unknown_argument(*app.get_subcommand(std::string(argument)), arguments.subspan(i + 1));
    }
  }
  return {};
}

// The command that the arguments ask for, as users write it: "kclhost dead-letters list".
std::string asked_for(const CLI::App& app, std::span<char* const> arguments) {
  Names options, commands;
  collect(app, options, commands);
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (std::find(commands.begin(), commands.end(), first) == commands.end()) return app.get_name();
  return app.get_name() + ' ' + asked_for(*app.get_subcommand(first), arguments.subspan(1));
}

KnownValue::Kind kind_of(const std::string& type) {
  const auto names = [&](const char* what) { return type.find(what) != std::string::npos; };
  if (names("FILE") || names("PROGRAM")) return KnownValue::Kind::file;
  return names("DIR") ? KnownValue::Kind::directory : KnownValue::Kind::anything;
}

int complete(const KnownCommand& program, std::span<const std::string> words) {
  const KnownCommand& command = command_of(program, words);
  if (command.forward) {
    std::vector<std::string> asked{asks_completions};
    asked.insert(asked.end(), words.begin(), words.end());
    return command.forward(asked);
  }
  for (const std::string& line : completions(command, words)) std::puts(line.c_str());
  return exit_done;
}

// The exit code of what may have printed.
int finished(const std::string& program, int code) {
  const auto error = finish_output();
  if (!error) return code;
  std::fprintf(stderr, "%s: %s\n", program.c_str(), error->message.c_str());
  return code == exit_done ? error->exit_code : code;
}

}  // namespace

struct CommandLine::Program {
  Program(const std::string& name, const std::string& help) : app(help, name) {}

  KnownCommand known(const CLI::App& command) const;

  CLI::App app;
  Command chosen;
  std::map<const CLI::Option*, std::vector<std::string>> choices;
  std::map<const CLI::App*, std::function<int(const std::vector<std::string>&)>> forwarded;
};

KnownCommand CommandLine::Program::known(const CLI::App& command) const {
  KnownCommand all{.name = command.get_name(), .help = command.get_description()};
  for (const CLI::Option* option : command.get_options()) {
    KnownValue value{.kind = kind_of(option->get_type_name()), .repeated = option->get_items_expected_max() > 1};
    if (const auto found = choices.find(option); found != choices.end()) value.choices = found->second;
    if (option->get_positional()) all.places.push_back(value);
    if (!option->nonpositional()) continue;
    KnownOption named{
        .help = option->get_description(), .takes_value = option->get_items_expected_min() > 0, .value = value};
    for (const std::string& name : option->get_lnames()) named.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) named.names.push_back("-" + name);
    all.options.push_back(std::move(named));
  }
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    KnownCommand one = known(*below);
    if (one.name.empty()) {  // a group of options
      std::move(one.options.begin(), one.options.end(), std::back_inserter(all.options));
    } else {
      all.commands.push_back(std::move(one));
    }
  }
  if (const auto found = forwarded.find(&command); found != forwarded.end()) all.forward = found->second;
  return all;
}

void CommandLine::add(const Option& option) {
  CLI::Option* declared = declare(*app_, option);
  if (option.required) declared->required();
  if (option.value != nullptr) declared->type_name(option.value);
  if (!option.choices.empty()) {
    declared->check(one_of(option.choices));
    program_->choices[declared] = option.choices;
  }
  if (option.least != Least::any) declared->check(numbers(option.least));
  if (option.show_default) declared->capture_default_str();
  if (option.excludes != nullptr) declared->excludes(app_->get_option(option.excludes));
}

void CommandLine::add_alternatives(const char* name, const char* help, const std::vector<Option>& options) {
  CLI::Option_group* group = app_->add_option_group(name, help);
  CommandLine alternatives(*group, *program_);
  for (const Option& option : options) alternatives.add(option);
  group->require_option(0, 1);
}

CommandLine CommandLine::add_command(const char* name, const char* help) {
  app_->require_subcommand(1);
  return {*app_->add_subcommand(name, help), *program_};
}

void CommandLine::runs(Command command) {
  app_->callback([&chosen = program_->chosen, command = std::move(command)] { chosen = command; });
}

void CommandLine::forwards(std::function<int(const std::vector<std::string>&)> command) {
  app_->set_help_flag();
  app_->prefix_command();
  program_->forwarded[app_] = command;
  runs([app = app_, command = std::move(command)] { return command(app->remaining()); });
}

ProgramCommandLine::ProgramCommandLine(const std::string& name, const std::string& help, const std::string& version)
    : ProgramCommandLine(std::make_unique<Program>(name, help)) {
  if (!version.empty()) program_->app.set_version_flag("--version", name + " " + version);
}

ProgramCommandLine::ProgramCommandLine(std::unique_ptr<Program> program)
    : CommandLine(program->app, *program), program_(std::move(program)) {}

ProgramCommandLine::~ProgramCommandLine() = default;

int ProgramCommandLine::run(int argc, char** argv) {
  CLI::App& app = program_->app;
  const std::string name = app.get_name();
  if (argc > 1 && std::string_view(argv[1]) == asks_completions) {
    const std::vector<std::string> words(argv + 2, argv + argc);
    return finished(name, complete(program_->known(app), words));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finished(name, app.exit(error));  // --help, --version
    const std::span<char* const> arguments(argv + 1, static_cast<std::size_t>(std::max(argc, 1) - 1));
    std::string wrong = unknown_argument(app, arguments);
    if (wrong.empty()) wrong = error.what();
    const std::string command = asked_for(app, arguments);
    std::fprintf(stderr, "%s: %s; see %s --help\n", command.c_str(), one_line(wrong).c_str(), command.c_str());
    return exit_usage;
  }
  return finished(name, program_->chosen());
}

}  // namespace kclhost::host::cli
