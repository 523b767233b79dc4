// A plugin's copy for a command that only looks at it, or calls it for a while.
#pragma once

#include <filesystem>

#include "plugin/file.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::plugin {

// Overwriting the original can't touch what a command has loaded. The copy, with the libraries beside the plugin, lies
// in STATE_DIR/releases, or in the nearest folder above that there is, and goes with this object. It makes no other
// folder: those are the host's, which may run as another user.
class TemporaryCopy {
 public:
  // The error names the file or folder at fault.
  static Result<TemporaryCopy> make(const File& file, const std::filesystem::path& state_dir);
  TemporaryCopy(TemporaryCopy&&) noexcept = default;
  TemporaryCopy& operator=(TemporaryCopy&&) noexcept;
  ~TemporaryCopy();

  const std::filesystem::path& path() const { return path_; }

  // Removes those in STATE_DIR/releases whose processes were killed.
  static void remove_left_overs(const std::filesystem::path& folder);

 private:
  TemporaryCopy() = default;
  void remove();

  std::filesystem::path folder_, path_;
  Fd in_use_;  // the folder, locked
};

}  // namespace kclhost::host::plugin
