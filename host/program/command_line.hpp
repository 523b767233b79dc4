// What a program and its commands take on the command line. A command declares its options here and knows nothing of
// the library that reads them, whose header costs seconds in each file that includes it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace kclhost::host::cli {

// What a command does once the command line was read; returns the exit code.
using Command = std::function<int()>;

// Where the value goes; what is there before is the default. A bool makes the option a flag; a vector takes any number
// of values, at least one.
using Target = std::variant<bool*, std::string*, std::filesystem::path*, std::vector<std::string>*, int*, std::size_t*,
                            double*, std::optional<std::string>*, std::optional<int>*, std::optional<double>*>;

// The numbers that an option takes: never more than 1,000,000,000.
enum class Least { any, zero, above_zero };

struct Option {
  // "--config" or "-w,--word"; without dashes ("FILE") it is known by its place; "--config,FILE" by either.
  const char* names;
  Target into;  // must live until the command has run
  const char* help;
  bool required = false;
  // What --help calls the value; nullptr: its type. FILE, DIR, PROGRAM: shells complete it so.
  const char* value = nullptr;
  std::vector<std::string> choices = {};  // the values that are allowed; empty: all
  Least least = Least::any;               // numbers only
  bool show_default = false;              // in --help
  const char* excludes = nullptr;  // an option that was declared before and can't be given together with this one
};

// One command, or the program as such. A handle: copies mean the same command.
class CommandLine {
 public:
  void add(const Option& option);
  // Options of which one at most may be given; `name` and `help` stand above them in --help.
  void add_alternatives(const char* name, const char* help, const std::vector<Option>& options);
  // Declares a command of this one. One of them has to be given then.
  CommandLine add_command(const char* name, const char* help);

  void runs(Command command);
  // Hands over all that follows the command's name as it is, --help included.
  void forwards(std::function<int(const std::vector<std::string>&)> command);

 protected:
  struct Program;  // what all commands of one share
  CommandLine(CLI::App& app, Program& program) : app_(&app), program_(&program) {}

 private:
  CLI::App* app_;
  Program* program_;
};

// The program's own.
class ProgramCommandLine : public CommandLine {
 public:
  // `name` stands in front of the messages. A program without a version has no --version.
  ProgramCommandLine(const std::string& name, const std::string& help, const std::string& version = "");
  ProgramCommandLine(const ProgramCommandLine&) = delete;
  ProgramCommandLine& operator=(const ProgramCommandLine&) = delete;
  ~ProgramCommandLine();

  // Reads the arguments and runs the command they ask for. Answers --help and --version itself, and bad usage with one
  // line on standard error, which names the command, and exit_usage; for a name that is not known, the nearest one.
  // What the command throws gets through. Output that can't be written is an error, whoever printed it.
  // `__complete WORD...` is what shells ask with (config/completion): it prints what may stand in place of the last
  // word.
  int run(int argc, char** argv);

 private:
  explicit ProgramCommandLine(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace kclhost::host::cli
