#include "support/available_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace kclhost::host {
namespace {

namespace fs = std::filesystem;

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A file with a number in it; no limit when there is none: "max", or no such file.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t bytes = 0;
  return in >> bytes ? bytes : UINT64_MAX;
}

// The least limit of a group and those above it. In a container the mount may begin below the group's own name.
std::uint64_t least_limit(const fs::path& mount, const fs::path& group, const char* file) {
  std::uint64_t least = limit_in(mount / file);
  fs::path folder = mount;
  for (const fs::path& part : group.relative_path()) least = std::min(least, limit_in((folder /= part) / file));
  return least;
}

// A limit of the groups that the file `own` names: `file` in version 2, and in version 1 another one in the folder of
// the controller.
std::uint64_t group_limit(const fs::path& groups, const fs::path& own, const char* file, const std::string& controller,
                          const char* old_file) {
  std::uint64_t least = UINT64_MAX;
  std::ifstream lines(own);
  // NUMBER:CONTROLLERS:GROUP; version 2 has no controllers there.
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") least = std::min(least, least_limit(groups, group, file));
    if (controllers.find("," + controller + ",") != std::string::npos)
      least = std::min(least, least_limit(groups / controller, group, old_file));
  }
  return least;
}

}  // namespace

std::uint64_t available_memory(const fs::path& groups, const fs::path& own) {
  return std::min(machine_memory(), group_limit(groups, own, "memory.max", "memory", "memory.limit_in_bytes"));
}

std::uint64_t allowed_tasks(const fs::path& groups, const fs::path& own) {
  return group_limit(groups, own, "pids.max", "pids", "pids.max");
}

}  // namespace kclhost::host
