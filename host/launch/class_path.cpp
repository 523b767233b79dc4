#include "launch/class_path.hpp"

#include <algorithm>
#include <vector>

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_jars(const fs::path& directory) {
  std::vector<fs::path> jars;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const auto extension = entry->path().extension();
    if (extension == ".jar" || extension == ".JAR") jars.push_back(entry->path());
  }
  std::sort(jars.begin(), jars.end());
  return jars;
}

bool has_colon(const fs::path& path) {
  return path.string().find(':') != std::string::npos;
}

}  // namespace

std::string class_path(const fs::path& jars) {
  // Symlinks are followed, so that whichever way a directory is named, it is the same to a class archive.
  std::error_code error;
  const fs::path real = fs::canonical(jars, error);
  std::string joined;
  for (const fs::path& jar : sorted_jars(error ? jars : real)) joined += (joined.empty() ? "" : ":") + jar.string();
  return joined.empty() ? (jars / "*").string() : joined;
}

fs::path find_colon(const fs::path& jars) {
  if (has_colon(jars)) return jars;
  const auto all = sorted_jars(jars);
  const auto found = std::find_if(all.begin(), all.end(), has_colon);
  return found == all.end() ? fs::path() : *found;
}

}  // namespace kclhost::host::launch
