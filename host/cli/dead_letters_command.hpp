// What the commands of `kclhost dead-letters` share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "store/dead_letter_store.hpp"
#include "support/exit_code.hpp"
#include "support/result.hpp"

namespace kclhost::host::cli::dead_letters {

struct Options {
  Source config{};
  std::string shard, sequence, older_than;
  bool json = false, data = false, lines = false, yes = false, damaged = false, ignore_key_order = false,
       of_replays = false;
};

// A problem that ends the command; the text is for the user.
struct Failure {
  int exit_code;
  std::string message;
};

template <class T>
T or_fail(Result<T> result) {
  if (!result) throw Failure{exit_stopped, result.error()};
  return std::move(*result);
}

// Which letters a command is about.
class Selection {
 public:
  // Throws Failure when an option makes no sense.
  explicit Selection(const Options& options);

  bool all() const { return shard_.empty() && sequence_.empty() && !newest_ms_; }
  bool contains(const store::StoredLetter& letter) const;
  // What a command says that finds none, but so many damaged lines.
  std::string none(std::size_t damaged) const;

 private:
  std::string shard_, sequence_;
  std::optional<std::string> sub_sequence_;
  std::optional<std::int64_t> newest_ms_;
};

// The configuration; throws Failure after its problems were told.
config::Config load(const Options& options);
store::DeadLetterStore store_of(const config::Config& config, const Options& options);
// What a command says that finds none: Selection::none, and where there are others that it was not asked about.
std::string none(const Selection& selection, std::size_t damaged, const config::Config& config, const Options& options);
// Tells of the damaged lines, and returns how many there are.
std::size_t tell_of_damage(const store::DeadLetterStore::Contents& contents);
// Those of the letters that are selected, without copies.
std::vector<store::StoredLetter> select(store::DeadLetterStore::Contents contents, const Selection& selection);

// "3 dead letters".
std::string count_of(std::size_t n);
// SEQUENCE/SUB.
std::string place_of(const store::StoredLetter& letter);

// The commands. They return the exit code, or throw Failure.
int list(const Options& options);
int show(const Options& options);
int purge(const Options& options);
int replay(const Options& options);

}  // namespace kclhost::host::cli::dead_letters
