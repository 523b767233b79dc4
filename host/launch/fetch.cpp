#include "launch/fetch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "launch/files.hpp"
#include "launch/run_program.hpp"
#include "support/fd.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

// Holds the SHA-256 of the pom that filled the directory. Written last.
constexpr char stamp_name[] = ".complete";

std::string system_error(const fs::path& path, const std::string& what) {
  return path.string() + ": " + what + ": " + std::strerror(errno);
}

// Maven marks with [ERROR] the one line that tells, and a dozen that don't.
std::string first_error(const std::string& output) {
  std::istringstream lines(output);
  std::string fallback;
  for (std::string line; std::getline(lines, line);) {
    const auto marked = line.find("ERROR");
    if (marked != std::string::npos) {
      const auto text = line.find_first_not_of("] \t", marked + 5);
      if (text != std::string::npos) return line.substr(text);
    }
    if (fallback.empty()) fallback = line;
  }
  return fallback.empty() ? "it gave no reason" : fallback;
}

// Runs Maven; what it prints comes back in the error.
std::optional<Error> run_maven(const fs::path& pom, const fs::path& directory) {
  const auto maven = find_program("mvn");
  if (!maven) return Error{"mvn: no such program; install Maven (Debian: maven)"};
  const std::vector<std::string> words = {maven->string(),
                                          "-B",
                                          "-q",
                                          "-ntp",
                                          "-Dstyle.color=never",
                                          "-f",
                                          pom.string(),
                                          "dependency:copy-dependencies",
                                          "-DincludeScope=runtime",
                                          "-DoutputDirectory=" + directory.string()};
  const auto ran = run_program(words);
  if (!ran) return Error{ran.error()};
  if (ran->wait_status == 0) return std::nullopt;
  return Error{"mvn could not fetch what " + pom.string() + " names: " + first_error(ran->output)};
}

Jars count_jars(const fs::path& directory) {
  Jars jars;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() != ".jar") continue;
    ++jars.count;
    jars.bytes += entry.file_size();
  }
  return jars;
}

bool is_path_of(const fs::path& path, const Fd& fd) {
  struct stat named {
  }, held{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(fd.get(), &held) == 0 && named.st_ino == held.st_ino &&
         named.st_dev == held.st_dev;
}

// Fills `partial`, which the caller has locked, and puts it in the place of `directory`.
std::optional<Error> fill(const fs::path& pom, const fs::path& partial, const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(partial)) fs::remove_all(entry.path());
  if (auto error = run_maven(pom, partial)) return error;
  std::ofstream(partial / stamp_name) << sha256_hex(read_file(pom).value_or("")) << '\n';
  if (fs::exists(directory / stamp_name)) fs::remove_all(directory);
  fs::rename(partial, directory);  // onto nothing, or an empty directory
  return std::nullopt;
}

}  // namespace

bool has_jars(const fs::path& pom, const fs::path& directory) {
  const auto text = read_file(pom), stamp = read_file(directory / stamp_name);
  return text && stamp && *stamp == sha256_hex(*text) + "\n";
}

Result<Jars> fetch_jars(const fs::path& pom, const fs::path& directory) try {
  if (!fs::is_regular_file(pom)) return Error{pom.string() + ": no such file"};
  const fs::path target = fs::absolute(directory).lexically_normal();
  const fs::path place = target.has_filename() ? target : target.parent_path();
  if (fs::exists(place) && !fs::exists(place / stamp_name) && !(fs::is_directory(place) && fs::is_empty(place))) {
    return Error{place.string() + ": holds something else; empty it, or choose another directory"};
  }
  const fs::path partial = place.string() + ".partial";
  fs::create_directories(place.parent_path());
  while (!has_jars(pom, place)) {
    // The partial directory is its own lock: whoever holds it fills and renames it, which the others then notice.
    if (::mkdir(partial.c_str(), 0777) != 0 && errno != EEXIST) {
      return Error{system_error(partial, "cannot make this directory")};
    }
    const Fd lock(::open(partial.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock && errno == ENOENT) continue;
    if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return Error{system_error(partial, "cannot be locked")};
    if (!is_path_of(partial, lock)) continue;
    if (auto error = fill(pom, partial, place)) return *error;
  }
  return count_jars(place);
} catch (const fs::filesystem_error& error) {
  return Error{error.path1().string() + ": " + error.code().message()};
}

}  // namespace kclhost::host::launch
