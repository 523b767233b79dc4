// Where records go that no retry could save.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "store/dead_letter_line.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// A shard's file of dead letters: DIR/APPLICATION.SHARD.jsonl, one JSON object a line. Its lock is held while a letter
// is written and while `kclhost dead-letters` changes the file, both of them briefly: append waits for the other. A
// full file is renamed to APPLICATION.SHARD.TIME.jsonl and stays. Not thread-safe.
class DeadLetters {
 public:
  // Opens or makes the file (and its directory, for this user alone); a last line that a power cut tore is cut off
  // (such a record was never acknowledged), and `repaired` says so. An error when the file holds something else.
  static Result<std::unique_ptr<DeadLetters>> open(const config::DeadLetter& config, std::string_view application,
                                                   std::string_view shard_id, bool& repaired);

  // Appends the letters, waits until they are on the disk, and returns how many bytes that took. On an error none of
  // them is in the file. Starts a new file first when this one is full. Writing beyond RLIMIT_FSIZE is an error only
  // where SIGXFSZ is ignored.
  Result<std::uint64_t> append(std::span<const DeadLetter> letters, const DeadLetterOrigin& origin);

 private:
  DeadLetters(std::filesystem::path path, std::uint64_t max_size) : path_(std::move(path)), max_size_(max_size) {}

  // Takes the lock of the file that has the name now, and cuts off what is torn. "" or why not.
  std::string lock(bool& repaired);
  std::string write_lines();

  std::filesystem::path path_;
  Fd fd_;
  std::uint64_t size_ = 0;  // of the file when its lock was given back
  std::uint64_t max_size_;
  std::string lines_;
};

}  // namespace kclhost::host::store
