// Reading dead letters back, and taking them out again.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/dead_letter_line.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// What makes two letters the same one. A host that was killed between writing a letter and its checkpoint writes it
// again.
struct LetterKey {
  std::string stream, shard_id, sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::string data_sha256;

  auto operator<=>(const LetterKey&) const = default;
};

// A letter in its file. The file stays open with it: what is renamed or removed can still be read.
struct StoredLetter {
  ParsedLetter about;  // without its data
  std::uint64_t data_size = 0;
  std::string data_sha256;
  std::filesystem::path file;
  std::string shard;  // as in the file's name
  std::shared_ptr<const Fd> fd;
  std::uint64_t offset = 0, size = 0;  // of its line, newline excluded

  LetterKey key() const;
};

// The letters of one application in a directory. Nothing here waits long: the locks are those that the host holds while
// it writes. Not thread-safe.
class DeadLetterStore {
 public:
  DeadLetterStore(std::filesystem::path directory, std::string_view application);

  struct Contents {
    std::vector<StoredLetter> letters;  // by shard, oldest first
    std::vector<std::string> damaged;   // one line each: a line of a file that is no letter
    std::vector<std::string> shards;    // whose files there are, as in their names
  };
  // Reads all files as they are now. A line that is being written is not seen yet.
  Result<Contents> read() const;
  // A letter's line as it stands in the file, and with its data.
  static Result<std::string> read_line(const StoredLetter& letter);
  static Result<ParsedLetter> read_letter(const StoredLetter& letter);

  // Keeps other changes than the host's away until the descriptor is closed. An error when somebody is at it.
  Result<Fd> lock_for_changes() const;

  // Whether the disk has room to change the files of a shard (as in their names) now: "" or why not. Only under
  // lock_for_changes.
  std::string room_for_changes(const std::string& shard) const;

  // What becomes of a line: kept as it is, taken out, or replaced by what was put into `replacement`.
  enum class Edit { keep, remove, replace };
  // Asked for each letter of the shard, oldest first; `letter` is null for a damaged line.
  using Editor = std::function<Edit(const StoredLetter* letter, std::string& replacement)>;
  // Changes the files of a shard (as in their names), all or nothing in each of them; a file that nothing is left of is
  // removed. The host can't write while the file that it writes to is changed; full ones don't keep it waiting. Returns
  // how many lines were taken out. Only under lock_for_changes.
  Result<std::uint64_t> edit(const std::string& shard, const Editor& editor) const;

 private:
  Result<std::vector<std::filesystem::path>> files(std::string_view shard) const;
  Result<std::uint64_t> edit_file(const std::filesystem::path& path, const Editor& editor) const;

  std::filesystem::path directory_;
  std::string application_;  // as in file names
};

// The letters without copies: each stands where it was first written, with what was last written about it.
std::vector<StoredLetter> without_copies(std::vector<StoredLetter> letters);

}  // namespace kclhost::host::store
