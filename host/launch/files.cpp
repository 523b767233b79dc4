#include "launch/files.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "support/fd.hpp"
#include "support/may_write.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, const std::string& what, int error) {
  return {path.string() + ": " + what + ": " + std::strerror(error)};
}

// The file in a folder beside this program, else in one of the source tree.
std::optional<fs::path> shipped(const fs::path& in_share, const fs::path& in_source, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& folder :
       {own_executable().parent_path() / KCLHOST_SHARE_FROM_BIN / in_share, fs::path(KCLHOST_SOURCE_DIR) / in_source}) {
    if (fs::is_regular_file(folder / name, ignored)) return (folder / name).lexically_normal();
  }
  return std::nullopt;
}

bool is_executable(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

fs::path own_executable() {
  return fs::read_symlink("/proc/self/exe");
}

std::optional<fs::path> shipped_file(const std::string& name) {
  return shipped("daemon", "config/daemon", name);
}

std::optional<fs::path> shipped_crate() {
  const auto manifest = shipped("rust", "sdk/rust", "Cargo.toml");
  return manifest ? std::optional(manifest->parent_path()) : std::nullopt;
}

std::filesystem::path find_companion(const std::filesystem::path& kclhost, const char* program) {
  const std::filesystem::path folder = kclhost.parent_path();
  for (const auto& candidate : {folder / program, folder / "../libexec/kclhost" / program}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::optional<fs::path> find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return is_executable(program) ? std::optional<fs::path>(program) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::istringstream directories(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    fs::path candidate = fs::path(directory.empty() ? "." : directory) / program;
    if (is_executable(candidate)) return candidate;
  }
  return std::nullopt;
}

Result<fs::path> make_private_directory(const fs::path& directory) {
  fs::path made;
  for (const fs::path& part : directory) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) return failed(made, "cannot make this directory", errno);
  }
  if (const int error = why_no_file_in(directory); error != 0)
    return failed(directory, "cannot write into this directory", error);
  return directory;
}

Result<fs::path> write_private_file(const fs::path& file, std::string_view text) {
  std::string partial = file.string() + ".XXXXXX";
  Fd fd(::mkostemp(partial.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return failed(file, "cannot be written", errno);
  if (!write_all(fd.get(), text) || ::rename(partial.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(partial.c_str());
    return failed(file, "cannot be written", error);
  }
  return file;
}

std::optional<std::string> read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return std::nullopt;
  return text.str();
}

}  // namespace kclhost::host::launch
