#include "plugin/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "kclhost/plugin.h"
#include "support/fd.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

Error at(const fs::path& path, const std::string& what) {
  return {"plugin " + path.string() + " " + what};
}

std::string reason() {
  return std::generic_category().message(errno);
}

// Why a file with this status must not be loaded; empty when it may.
std::string objection(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "is a directory; name the .so file";
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  if (status.st_mode & (S_IWGRP | S_IWOTH)) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    return std::string("is writable by its group or by others (mode ") + mode + "); chmod go-w it";
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return "belongs to user " + std::to_string(status.st_uid) + "; it must be root's or your own";
  }
  return {};
}

bool read_all(int fd, std::size_t expected, std::string& bytes) {
  bytes.resize(expected);
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return true;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<File> read_file(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return at(path, "can't be opened: " + reason());
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return at(path, "can't be examined: " + reason());
  if (std::string why = objection(status); !why.empty()) return at(path, why);
  File file;
  file.path = path;
  if (!read_all(fd.get(), static_cast<std::size_t>(status.st_size), file.bytes)) {
    return at(path, "can't be read: " + reason());
  }
  Result<ElfSummary> elf = read_elf(file.bytes);
  if (!elf) return at(path, elf.error());
  file.elf = std::move(*elf);
  const auto& exported = file.elf.exported;
  if (!std::binary_search(exported.begin(), exported.end(), KCLHOST_ENTRY_SYMBOL)) {
    const auto other = std::find_if(exported.begin(), exported.end(),
                                    [](const std::string& name) { return name.starts_with("kclhost_plugin_v"); });
    if (other != exported.end()) {
      return at(path, "is for another major version of the plugin ABI: it exports " + *other + ", this kclhost needs " +
                          KCLHOST_ENTRY_SYMBOL);
    }
    return at(path, "exports no " KCLHOST_ENTRY_SYMBOL "; is it a kclhost plugin? kclhost_add_plugin builds one");
  }
  file.sha256 = sha256_hex(file.bytes);
  return file;
}

Result<File> find(const config::Config& config) {
  std::error_code error;
  const fs::path dir = fs::canonical(config.plugins_dir, error);
  if (error) return Error{"plugins_dir " + config.plugins_dir.string() + " can't be used: " + error.message()};
  const fs::path wanted = dir / config.plugin.path;
  const fs::path path = fs::canonical(wanted, error);
  if (error) return at(wanted, "can't be found: " + error.message());
  const auto [end_of_dir, in_path] = std::mismatch(dir.begin(), dir.end(), path.begin(), path.end());
  if (end_of_dir != dir.end()) {
    return at(wanted, "lies outside plugins_dir " + dir.string() + " (it is " + path.string() + ")");
  }
  Result<File> file = read_file(path);
  if (file && config.plugin.sha256 && *config.plugin.sha256 != file->sha256) {
    return at(path, "has sha256 " + file->sha256 + ", the configuration pins " + *config.plugin.sha256);
  }
  return file;
}

Result<fs::path> stage(const File& file, const fs::path& state_dir) {
  const fs::path dir = state_dir / "staged";
  const auto failed = [&dir](const std::string& why) {
    return Error{"can't stage the plugin in " + dir.string() + ": " + why + "; state_dir must be writable for kclhost"};
  };
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return failed(error.message());
  struct stat status {};
  if (::stat(dir.c_str(), &status) != 0) return failed(reason());
  // Whoever can write here decides what we load.
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return failed("the folder belongs to another user");
  if (status.st_mode & (S_IWGRP | S_IWOTH)) {
    if (::chmod(dir.c_str(), 0755) != 0) return failed("the folder is writable by others");
  }
  const fs::path staged = dir / (file.sha256 + ".so");
  if (::stat(staged.c_str(), &status) == 0 && objection(status).empty() &&
      static_cast<std::size_t>(status.st_size) == file.bytes.size()) {
    return staged;
  }
  std::string temporary = staged.string() + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return failed(reason());
  const bool written = write_all(fd.get(), file.bytes) && ::fchmod(fd.get(), 0555) == 0 &&
                       ::rename(temporary.c_str(), staged.c_str()) == 0;
  if (!written) {
    const std::string why = reason();
    ::unlink(temporary.c_str());
    return failed(why);
  }
  return staged;
}

}  // namespace kclhost::host::plugin
