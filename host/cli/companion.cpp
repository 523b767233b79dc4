#include "cli/companion.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/cli.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

// Beside this program, as in a build tree, or in libexec, as a distribution may have it; empty: in neither.
std::filesystem::path find_companion(const std::filesystem::path& folder, const char* program) {
  for (const auto& candidate : {folder / program, folder / "../libexec/kclhost" / program}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// Only returns what went wrong.
int become(const char* program, const std::string& command, const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto path = find_companion(folder, program);
  if (path.empty()) {
    complain(command + ": no " + program + " in " + folder.string() +
             " or its ../libexec/kclhost: install it beside kclhost");
    return exit_stopped;
  }
  std::vector<char*> argv{const_cast<char*>(program)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  complain(command + ": cannot run " + path.string() + ": " + std::strerror(errno));
  return exit_stopped;
}

}  // namespace

std::function<int(const std::vector<std::string>&)> handed_to(const char* program, const char* command) {
  return [program, command](const std::vector<std::string>& arguments) { return become(program, command, arguments); };
}

}  // namespace kclhost::host::cli
