#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

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

CLI::Option* declare(CLI::App& app, const Option& option) {
  if (bool* const* flag = std::get_if<bool*>(&option.into)) return app.add_flag(option.names, **flag, option.help);
  return std::visit([&](auto* into) { return app.add_option(option.names, *into, option.help); }, option.into);
}

}  // namespace

void CommandLine::add(const Option& option) {
  CLI::Option* declared = declare(*app_, option);
  if (option.required) declared->required();
  if (option.value != nullptr) declared->type_name(option.value);
  if (!option.choices.empty()) declared->check(CLI::IsMember(option.choices).description(""));
  if (option.least != Least::any) declared->check(numbers(option.least));
  if (option.show_default) declared->capture_default_str();
  if (option.excludes != nullptr) declared->excludes(app_->get_option(option.excludes));
}

void CommandLine::add_alternatives(const char* name, const char* help, const std::vector<Option>& options) {
  CLI::Option_group* group = app_->add_option_group(name, help);
  CommandLine alternatives(*group, *chosen_);
  for (const Option& option : options) alternatives.add(option);
  group->require_option(0, 1);
}

CommandLine CommandLine::add_command(const char* name, const char* help) {
  app_->require_subcommand(1);
  return {*app_->add_subcommand(name, help), *chosen_};
}

void CommandLine::runs(Command command) {
  app_->callback([&chosen = *chosen_, command = std::move(command)] { chosen = command; });
}

void CommandLine::forwards(std::function<int(const std::vector<std::string>&)> command) {
  app_->set_help_flag();
  app_->prefix_command();
  runs([app = app_, command = std::move(command)] { return command(app->remaining()); });
}

struct ProgramCommandLine::Parser {
  Parser(const std::string& name, const std::string& help) : app(help, name) {}

  CLI::App app;
  Command chosen;
};

ProgramCommandLine::ProgramCommandLine(const std::string& name, const std::string& help, const std::string& version)
    : ProgramCommandLine(std::make_unique<Parser>(name, help)) {
  if (!version.empty()) parser_->app.set_version_flag("--version", name + " " + version);
}

ProgramCommandLine::ProgramCommandLine(std::unique_ptr<Parser> parser)
    : CommandLine(parser->app, parser->chosen), parser_(std::move(parser)) {}

ProgramCommandLine::~ProgramCommandLine() = default;

int ProgramCommandLine::run(int argc, char** argv) {
  CLI::App& app = parser_->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string name = app.get_name();
    std::fprintf(stderr, "%s: %s; see %s --help\n", name.c_str(), error.what(), name.c_str());
    return exit_usage;
  }
  return parser_->chosen();
}

}  // namespace kclhost::host::cli
