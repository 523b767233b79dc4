// What a shell offers where somebody presses Tab.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace kclhost::host::cli {

// What stands for a value of an option, or at a place of the command line.
struct KnownValue {
  enum class Kind { anything, file, directory };
  Kind kind = Kind::anything;
  std::vector<std::string> choices = {};  // the values that are allowed; empty: all
  bool repeated = false;                  // any number of them
};

struct KnownOption {
  std::vector<std::string> names = {};  // "--config", "-w"
  std::string help = {};
  bool takes_value = false;
  KnownValue value = {};
};

struct KnownCommand {
  std::string name = {};
  std::string help = {};
  std::vector<KnownOption> options = {};
  std::vector<KnownValue> places = {};      // its arguments that are no options, in order
  std::vector<KnownCommand> commands = {};  // of which one has to follow
  // For a command that is another program's: has that one asked. nullptr: what is above has all of it.
  std::function<int(const std::vector<std::string>&)> forward = {};
};

// The command that is being written. `words` is what follows the program's name, up to the word that is to be
// completed, of which there is as much as was typed; what follows the command's name stays in it.
const KnownCommand& command_of(const KnownCommand& program, std::span<const std::string>& words);

// What may stand in place of the last of `words`, which follow the command's name. A line for each: the word, and
// behind a tab what it is, where there is something to say. The line ":file" or ":directory" stands for all of those:
// the shell finds them.
std::vector<std::string> completions(const KnownCommand& command, std::span<const std::string> words);

}  // namespace kclhost::host::cli
