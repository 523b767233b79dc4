#include "launch/fetch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "config/daemon_version.hpp"
#include "launch/class_archive.hpp"
#include "launch/files.hpp"
#include "launch/run_program.hpp"
#include "support/fd.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

// The pom's property with the daemon's version.

// What was replaced, in what has replaced it, until it is deleted: there a name can't be somebody else's.
constexpr char replaced_name[] = ".replaced";

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
std::optional<Error> run_maven(const Wanted& wanted, const fs::path& directory) {
  const auto maven = find_program("mvn");
  if (!maven) return Error{"mvn: no such program; install Maven (Debian: maven)"};
  std::vector<std::string> words = {maven->string(),
                                    "-B",
                                    "-q",
                                    "-ntp",
                                    "-Dstyle.color=never",
                                    "-f",
                                    wanted.pom.string(),
                                    "dependency:copy-dependencies",
                                    "-DincludeScope=runtime",
                                    "-DoutputDirectory=" + directory.string()};
  if (!wanted.version.empty()) words.push_back("-D" + std::string(version_property) + "=" + wanted.version);
  const auto ran = run_program(words);
  if (!ran) return Error{ran.error()};
  if (ran->wait_status == 0) return std::nullopt;
  const std::string version = wanted.version.empty() ? "" : " with the daemon " + wanted.version;
  return Error{"mvn could not fetch what " + wanted.pom.string() + " names" + version + ": " +
               first_error(ran->output)};
}

bool is_jar(const fs::directory_entry& entry) {
  return entry.path().extension() == ".jar" && !entry.is_directory();
}

// A file that was deleted, or replaced, while a process of this machine had it open: NFS has it until that is over.
bool is_of_nfs(const fs::directory_entry& entry) {
  return entry.path().filename().string().starts_with(".nfs") && !entry.is_directory();
}

Jars count_jars(const fs::path& directory) {
  Jars jars;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!is_jar(entry)) continue;
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

// The first line of the stamp beside what is wanted; nothing when the pom can't be read.
std::optional<std::string> stamp_of(const Wanted& wanted) {
  const auto text = read_file(wanted.pom);
  if (!text) return std::nullopt;
  return sha256_hex(*text) + (wanted.version.empty() ? "" : " " + wanted.version) + "\n";
}

// What would be deleted with the jars and is not ours.
std::optional<Error> find_foreign(const fs::path& directory) {
  std::vector<std::string> ours = names_in(read_file(directory / stamp_name).value_or(""));
  const std::string archive = class_archive(directory).filename().string();
  ours.insert(ours.end(), {stamp_name, replaced_name, archive, archive + ".partial"});
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (is_jar(entry) || is_of_nfs(entry) || std::find(ours.begin(), ours.end(), name) != ours.end()) continue;
    return Error{entry.path().string() +
                 ": was not fetched, and would be deleted with the old jars; move it, or choose another directory"};
  }
  return std::nullopt;
}

// Puts `partial` in the place of `directory`: by renaming, so that a kill leaves no directory that has a part.
std::optional<Error> replace(const fs::path& directory, const fs::path& partial) {
  const bool replaces = fs::exists(directory / stamp_name);
  if (replaces) {
    if (auto foreign = find_foreign(directory)) return foreign;
    fs::rename(directory, partial / replaced_name);
  }
  std::error_code error, ignored;
  fs::rename(partial, directory, error);  // onto nothing, or an empty directory
  if (!error) return std::nullopt;
  if (replaces) fs::rename(partial / replaced_name, directory, ignored);
  return Error{directory.string() + ": " + error.message()};
}

// Whether a run was killed between those two renamings; then the old one is in its place again.
bool put_back(const fs::path& directory, const fs::path& partial) {
  if (fs::exists(directory) || !fs::exists(partial / replaced_name)) return false;
  fs::rename(partial / replaced_name, directory);
  return true;
}

// Fills `partial`, whose stamp the caller has locked, and puts it in the place of `directory`.
std::optional<Error> fill(const Wanted& wanted, const fs::path& partial, const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(partial)) {
    if (entry.path().filename() != stamp_name) fs::remove_all(entry.path());
  }
  auto stamp = stamp_of(wanted);
  if (!stamp) return Error{system_error(wanted.pom, "cannot be read")};
  if (auto error = run_maven(wanted, partial)) return error;
  if (count_jars(partial).count == 0) return Error{wanted.pom.string() + " names no jar, so mvn fetched none"};
  for (const auto& entry : fs::directory_iterator(partial)) {
    if (entry.path().filename() != stamp_name) *stamp += entry.path().filename().string() + "\n";
  }
  if (!(std::ofstream(partial / stamp_name) << *stamp << std::flush)) {
    return Error{system_error(partial / stamp_name, "cannot be written")};
  }
  return replace(directory, partial);
}

}  // namespace

std::optional<Error> find_misfit(const Wanted& wanted) {
  constexpr char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (!fs::is_regular_file(wanted.pom)) return Error{wanted.pom.string() + ": no such file"};
  if (wanted.version.empty()) return std::nullopt;
  if (wanted.version.find_first_not_of(allowed) != std::string::npos || wanted.version[0] < '0' ||
      wanted.version[0] > '9') {
    return Error{"'" + wanted.version + "' is no version; write one such as 3.5.1"};
  }
  const std::string reference = std::string("${") + version_property + "}";
  if (read_file(wanted.pom).value_or("").find(reference) == std::string::npos) {
    return Error{wanted.pom.string() + ": takes no other version; write " + reference + " for the daemon's in it"};
  }
  return std::nullopt;
}

std::vector<std::string> names_in(const std::string& stamp) {
  std::istringstream lines(stamp);
  std::vector<std::string> names;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) names.push_back(line);
  return names;
}

bool has_jars(const Wanted& wanted, const fs::path& directory) {
  const auto needed = stamp_of(wanted), stamp = read_file(directory / stamp_name);
  if (!needed || !stamp || !stamp->starts_with(*needed)) return false;
  const std::vector<std::string> names = names_in(*stamp);
  if (names.empty()) return !config::daemon_version(directory).empty();
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    std::error_code ignored;
    return fs::exists(directory / name, ignored);
  });
}

Result<Jars> fetch_jars(const Wanted& wanted, const fs::path& directory) try {
  if (auto misfit = find_misfit(wanted)) return *misfit;
  const fs::path target = fs::absolute(directory).lexically_normal();
  const fs::path place = target.has_filename() ? target : target.parent_path();
  if (fs::exists(place) && !fs::exists(place / stamp_name) && !(fs::is_directory(place) && fs::is_empty(place))) {
    return Error{place.string() + ": holds something else; empty it, or choose another directory"};
  }
  if (fs::exists(place / stamp_name) && !has_jars(wanted, place)) {
    if (auto foreign = find_foreign(place)) return *foreign;
  }
  const fs::path partial = place.string() + ".partial";
  fs::create_directories(place.parent_path());
  while (!has_jars(wanted, place)) {
    // Whoever has locked the stamp of the partial directory fills and renames that, which the others then notice.
    if (::mkdir(partial.c_str(), 0777) != 0 && errno != EEXIST) {
      return Error{system_error(partial, "cannot make this directory")};
    }
    const Fd lock(::open((partial / stamp_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!lock && errno == ENOENT) continue;
    if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return Error{system_error(partial, "cannot be locked")};
    if (!is_path_of(partial / stamp_name, lock)) continue;
    if (put_back(place, partial)) continue;
    if (auto error = fill(wanted, partial, place)) return *error;
  }
  std::error_code ignored;
  fs::remove_all(place / replaced_name, ignored);
  return count_jars(place);
} catch (const fs::filesystem_error& error) {
  return Error{error.path1().string() + ": " + error.code().message()};
}

}  // namespace kclhost::host::launch
