#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

constexpr const char* put_program = "kclhost-put";

// Beside this program, as in a build tree, or in libexec, as a distribution may have it; empty: in neither.
std::filesystem::path find_program(const std::filesystem::path& folder) {
  for (const auto& candidate : {folder / put_program, folder / "../libexec/kclhost" / put_program}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// Only returns what went wrong.
int exec_put(const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto path = find_program(folder);
  if (path.empty()) {
    complain(std::string("put: no ") + put_program + " in " + folder.string() +
             " or its ../libexec/kclhost: install it beside kclhost");
    return exit_stopped;
  }
  std::vector<char*> argv{const_cast<char*>(put_program)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  complain("put: cannot run " + path.string() + ": " + std::strerror(errno));
  return exit_stopped;
}

}  // namespace

// The work is kclhost-put's, --help included: the program that runs once per shard stays free of HTTP and TLS.
void add_put(CommandLine& program) {
  program.add_command("put", "Put words, lines or JSON records on a stream").forwards(exec_put);
}

}  // namespace kclhost::host::cli
