#include "cli/companion.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/cli.hpp"
#include "launch/child_process.hpp"
#include "launch/files.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

// Only returns what went wrong.
int become(const char* program, const std::string& command, const std::vector<std::string>& arguments) {
  const std::filesystem::path kclhost = launch::own_executable();
  const auto path = launch::find_companion(kclhost, program);
  if (path.empty()) {
    complain(command + ": no " + program + " in " + kclhost.parent_path().string() +
             " or its ../libexec/kclhost: install it beside kclhost");
    return exit_stopped;
  }
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  ::execv(path.c_str(), launch::argument_vector(words).data());
  complain(command + ": cannot run " + path.string() + ": " + std::strerror(errno));
  return exit_stopped;
}

}  // namespace

std::function<int(const std::vector<std::string>&)> handed_to(const char* program, const char* command) {
  return [program, command](const std::vector<std::string>& arguments) { return become(program, command, arguments); };
}

}  // namespace kclhost::host::cli
