#include "plugin/file.hpp"

#include <algorithm>
#include <system_error>

#include "kclhost/plugin.h"
#include "plugin/loadable.hpp"
#include "plugin/missing.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

Error at(const fs::path& path, const std::string& what) {
  return {"plugin " + path.string() + " " + what};
}

// A file inside plugins_dir; `key` is what names it.
Result<File> find_in(const config::Config& config, const std::string& name, const char* key) {
  const Result<fs::path> folder_of_all = folder_of_plugins(config);
  if (!folder_of_all) return Error{folder_of_all.error()};
  const fs::path& dir = *folder_of_all;
  const fs::path wanted = dir / name;
  std::error_code error;
  const fs::path path = fs::canonical(wanted, error);
  if (error) {
    const bool missing = error == std::errc::no_such_file_or_directory;
    return at(wanted, "can't be found: " + error.message() + (missing ? cure_of_missing(dir, name, key) : ""));
  }
  const auto [end_of_dir, in_path] = std::mismatch(dir.begin(), dir.end(), path.begin(), path.end());
  if (end_of_dir != dir.end()) {
    return at(wanted, "lies outside plugins_dir " + dir.string() + " (it is " + path.string() + ")");
  }
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (writable_for_all(folder)) {
      return at(path, "lies in " + folder.string() +
                          ", which is writable for all, so that anybody may replace it; chmod o-w " + folder.string());
    }
    if (folder == dir || !folder.has_relative_path()) break;
  }
  return read_file(path);
}

}  // namespace

Result<File> read_file(const fs::path& path) {
  Result<std::string> bytes = read_loadable(path);
  if (!bytes) return at(path, bytes.error());
  return file_of(path, std::move(*bytes));
}

Result<File> file_of(const fs::path& path, std::string bytes) {
  File file;
  file.path = path;
  file.bytes = std::move(bytes);
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

Result<fs::path> folder_of_plugins(const config::Config& config) {
  std::error_code error;
  fs::path folder = fs::canonical(config.plugins_dir, error);
  if (!error) return folder;
  const bool missing = error == std::errc::no_such_file_or_directory;
  return Error{"plugins_dir " + config.plugins_dir.string() + " can't be used: " + error.message() +
               (missing ? "; build the plugin first, or set another" : "")};
}

Result<File> find(const config::Config& config) {
  Result<File> file = find_in(config, config.plugin.path, "plugin.path");
  if (file && config.plugin.sha256 && *config.plugin.sha256 != file->sha256) {
    return at(file->path, "has sha256 " + file->sha256 + ", the configuration pins " + *config.plugin.sha256);
  }
  return file;
}

Result<File> find_shadow(const config::Config& config) {
  return find_in(config, config.shadow.path, "shadow.path");
}

}  // namespace kclhost::host::plugin
