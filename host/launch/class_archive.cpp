#include "launch/class_archive.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "launch/class_path.hpp"
#include "launch/fetch.hpp"
#include "launch/run_program.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

constexpr char archive_name[] = "classes.jsa";

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text = text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
  return text.empty() ? "it gave no reason" : text;
}

std::string option_for(const fs::path& archive) {
  return "-XX:SharedArchiveFile=" + archive.string();
}

}  // namespace

fs::path class_archive(const fs::path& jars) {
  return jars / archive_name;
}

std::vector<std::string> options_for_archive(const fs::path& archive) {
  return {option_for(archive), "-Xlog:cds=off"};
}

bool archive_fits(const std::string& java, const fs::path& jars) {
  std::error_code error;
  const fs::path archive = class_archive(jars);
  if (!fs::is_regular_file(archive, error)) return false;
  // With -Xshare:on it compares itself and each jar with those that the archive was made of, and ends where they
  // differ.
  const auto ran = run_program({java, "-Xshare:on", option_for(archive), "-cp", class_path(jars), "-version"});
  return ran && ran->wait_status == 0;
}

std::optional<Error> make_class_archive(const std::string& java, const fs::path& jars, const fs::path& classes) {
  const Fd lock(::open((jars / stamp_name).c_str(), O_RDWR | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    return Error{jars.string() + ": cannot be locked: " + std::strerror(errno)};
  }
  if (archive_fits(java, jars)) return std::nullopt;  // somebody else has just made it
  const fs::path archive = class_archive(jars), partial = archive.string() + ".partial";
  // G1 alone can put Java objects into an archive; from newer Javas' archives the other collectors can read them.
  const auto ran =
      run_program({java, "-Xshare:dump", "-XX:+UseG1GC", "-Xlog:cds=off", "-Xlog:cds+heap=off",
                   "-XX:SharedClassListFile=" + classes.string(), option_for(partial), "-cp", class_path(jars)});
  std::error_code error;
  if (!ran) return Error{ran.error()};
  if (ran->wait_status == 0) fs::rename(partial, archive, error);
  if (ran->wait_status == 0 && !error) return std::nullopt;
  const std::string why = error ? error.message() : last_line(ran->output);
  fs::remove(partial, error);
  return Error{archive.string() + ": " + java + " cannot make the class archive: " + why};
}

}  // namespace kclhost::host::launch
