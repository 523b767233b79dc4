#include "replay/cpu_time.hpp"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace kclhost::host::replay {
namespace {

std::chrono::nanoseconds cpu_time_of(pid_t process) {
  clockid_t clock;
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds cpu_time_of_tree(pid_t root) {
  std::chrono::nanoseconds sum = cpu_time_of(root);
  std::error_code gone;
  const std::filesystem::path tasks = "/proc/" + std::to_string(root) + "/task";
  for (std::filesystem::directory_iterator task(tasks, gone), end; !gone && task != end; task.increment(gone)) {
    std::ifstream children(task->path() / "children");
    for (pid_t child; children >> child;) sum += cpu_time_of_tree(child);
  }
  return sum;
}

}  // namespace kclhost::host::replay
