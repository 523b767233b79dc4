// What the live hosts of a machine say of the releases they run, in a file each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rollout/report.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// A host's own. It is locked as long as the host lives, removed when the host ends in order, and left behind unlocked
// when the host is killed. Not thread-safe.
class ReportFile {
 public:
  // Makes the file and locks it; its folder is made too.
  static Result<ReportFile> open(const std::filesystem::path& folder, const rollout::Report& first);
  ReportFile(ReportFile&&) noexcept = default;
  ReportFile& operator=(ReportFile&&) = delete;
  ~ReportFile();

  // Replaces what it says; texts that are too long are cut. "" or why not.
  std::string write(const rollout::Report& report);
  // Gives the file up without removing it: it is as a killed host's.
  void leave() { fd_.reset(); }

 private:
  ReportFile(std::filesystem::path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::filesystem::path path_;
  Fd fd_;
};

// A file that a killed host left.
struct DeadReport {
  std::filesystem::path path;
  rollout::Release trial = 0;  // that the host knew; 0: none, or the file can't be read
};

struct Reports {
  std::vector<rollout::Report> live;  // by shard; of two hosts of one shard only one
  std::vector<DeadReport> dead;
};

Reports read_reports(const std::filesystem::path& folder);

}  // namespace kclhost::host::store
