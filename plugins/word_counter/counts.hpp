// How often each word came up on a shard, and up to which record that is counted.
#pragma once

#include <kclhost/record.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace word_counter {

class Counts {
 public:
  // Counts a record's words, unless it was counted before: records come in order, and again after a failure. Words end
  // at ASCII whitespace and control characters; bytes that are not UTF-8 become U+FFFD; a longer word counts as its
  // first longest_word bytes. Returns the number of words.
  std::size_t add(const kclhost::Record& record);

  std::uint64_t total() const { return total_; }
  std::size_t distinct() const { return words_.size(); }
  // The n most frequent words as "a=3 b=2", the alphabet's first among equals.
  std::string top(std::size_t n) const;

  // {"sequence_number": ..., "sub_sequence_number": ..., "total": ..., "words": {word: count, ...}}; words and position
  // are one file so that they can't disagree. save replaces the file atomically and durably. Both throw
  // std::runtime_error. A file that does not exist loads as no counts.
  void save(const std::filesystem::path& file) const;
  static Counts load(const std::filesystem::path& file);

  static constexpr std::size_t longest_word = 256;

 private:
  std::map<std::string, std::uint64_t, std::less<>> words_;
  std::uint64_t total_ = 0;
  kclhost::Position position_;  // of the last record counted
};

}  // namespace word_counter
