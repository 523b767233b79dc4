#include "run/plugin_files.hpp"

#include <unistd.h>

#include <algorithm>

#include "plugin/file.hpp"

namespace kclhost::host::run {

std::string PluginFiles::find_first() {
  const Result<plugin::File> file = plugin::find(config_);
  if (!file) return file.error();
  const Result<std::filesystem::path> copy = plugin::stage(*file, config_.state_dir);
  if (!copy) return copy.error();
  path_ = file->path;
  files_.push_back({file->sha256, copy->string()});
  return {};
}

Result<bool> PluginFiles::look_again() {
  const auto refuse = [this](const std::string& why) -> Result<bool> {
    if (why == refused_) return false;
    refused_ = why;
    return Error{why};
  };
  const Result<plugin::File> file = plugin::find(config_);
  if (!file) return refuse(file.error());
  // Also one that was found and then refused by a worker is not new.
  if (file->sha256 == files_.back().sha256) return false;
  const Result<std::filesystem::path> copy = plugin::stage(*file, config_.state_dir);
  if (!copy) return refuse(copy.error());
  refused_.clear();
  path_ = file->path;
  files_.push_back({file->sha256, copy->string()});
  return true;
}

Result<std::string> PluginFiles::staged(std::uint32_t number) {
  const Found& wanted = files_.at(number - 1);
  if (::access(wanted.staged.c_str(), R_OK) == 0) return wanted.staged;
  const Result<plugin::File> file = plugin::find(config_);
  if (!file) return Error{file.error()};
  if (file->sha256 != wanted.sha256) {
    return Error{"the staged copy " + wanted.staged + " is gone, and " + file->path.string() + " is another version"};
  }
  const Result<std::filesystem::path> copy = plugin::stage(*file, config_.state_dir);
  if (!copy) return Error{copy.error()};
  return copy->string();
}

}  // namespace kclhost::host::run
