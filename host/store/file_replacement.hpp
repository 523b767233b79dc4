// Changes a file as a whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/fd.hpp"

namespace kclhost::host::store {

// A file next to `path` that takes its place once everything is in it; without that it is gone with this object. The
// first error is kept, and told at the end.
class FileReplacement {
 public:
  // The line for what failed ("write", "replace"), of which file, with which errno.
  using Describe = std::string (*)(std::string_view what, const std::filesystem::path& path, int error);

  // Without `describe` the lines are those of dead letters.
  explicit FileReplacement(const std::filesystem::path& path, Describe describe = nullptr);
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  void open();
  // Takes this many bytes of the disk. "" or why they are not there.
  std::string reserve(std::uint64_t size);
  void write(std::string_view text);
  // Waits until the disk has it; a file that nothing was written to is removed. "" or why not.
  std::string take_place();

 private:
  std::filesystem::path path_, draft_;
  Describe describe_;
  Fd fd_;
  int error_ = 0;
  bool empty_ = true;
};

}  // namespace kclhost::host::store
