// The file that a log is written to where nobody collects it, and the making of room for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::observe {

// FILE, which the lines are appended to, and FILE.1 to FILE.keep, the newest first, which it was before. Several
// processes may write to one file, with the same settings: each line is written at once, and whoever finds the file
// full renames it, under a lock; the others see that and go on with the new one. So they do when somebody else moves
// the file away. Not thread-safe.
class LogFile {
 public:
  // Appends to what is there. Readable by its user and group. Fails where it can't be written, in one line with the
  // cure.
  static Result<LogFile> open(const std::filesystem::path& path, std::uint64_t size, int keep);

  // Appends a line, which has its newline, and makes room first where the file would become larger than `size`. 0, or
  // the errno for which the line is lost.
  int append(std::string_view line);

  const std::filesystem::path& path() const { return path_; }

 private:
  LogFile() = default;
  int reopen();
  bool moved() const;
  void make_room();
  std::filesystem::path numbered(int number) const;

  std::filesystem::path path_;
  std::uint64_t size_ = 0;
  int keep_ = 0;
  Fd file_;
  bool torn_ = false;  // the last line could only be written in part
};

}  // namespace kclhost::host::observe
