// The plugin's files that were found so far, and the copies that workers load.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "support/result.hpp"

namespace kclhost::host::run {

class PluginFiles {
 public:
  explicit PluginFiles(const config::Config& config) : config_(config) {}

  // Finds and stages the configured file, the first time. "" or why it is not fit to be loaded.
  std::string find_first();
  // Whether the configured file has changed since it was found last; then it is staged, and has the next number. The
  // error is why the new one is no good, and comes once for each such file.
  Result<bool> look_again();

  // The copy of a file (they count from 1), made anew where it is gone. The error says why there is none.
  Result<std::string> staged(std::uint32_t number);
  // The digest of that file.
  const std::string& sha256(std::uint32_t number) const { return files_.at(number - 1).sha256; }
  // What the user calls it.
  const std::string& path() const { return path_; }

 private:
  struct Found {
    std::string sha256, staged;
  };

  const config::Config& config_;
  std::string path_;
  std::vector<Found> files_;
  std::string refused_;  // why a newer file was refused
};

}  // namespace kclhost::host::run
