#include "conformance/footprint.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace kclhost::host::conformance {
namespace {

namespace fs = std::filesystem;

std::uint64_t entries_in(const fs::path& folder) {
  std::error_code error;
  std::uint64_t count = 0;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) ++count;
  return count;
}

}  // namespace

std::optional<Footprint> footprint_of(pid_t process) {
  const fs::path folder = fs::path("/proc") / std::to_string(process);
  Footprint found{.descriptors = entries_in(folder / "fd"), .threads = entries_in(folder / "task")};
  // What statm says of it is up to some hundred pages behind.
  std::ifstream file(folder / "smaps_rollup");
  bool read = false;
  for (std::string word; file >> word;) {
    std::uint64_t kib = 0;
    if (word != "Anonymous:" || !(file >> kib)) continue;
    found.memory = kib << 10;
    read = true;
  }
  return read ? std::optional(found) : std::nullopt;
}

}  // namespace kclhost::host::conformance
