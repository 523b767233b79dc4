#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/dead_letters_command.hpp"
#include "cli/dead_letters_replay.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::dead_letters {
namespace {

using store::DeadLetterStore;
using store::StoredLetter;

// Takes what passed out of a shard's files, and notes in the others what they failed on. "" or why it can't.
std::string record(const DeadLetterStore& store, std::span<const StoredLetter> letters,
                   const std::vector<Replayed>& progress) {
  std::map<store::LetterKey, std::size_t> places;
  for (std::size_t i = 0; i < progress.size(); ++i) {
    if (progress[i].tried()) places.emplace(letters[i].key(), i);
  }
  if (places.empty()) return {};
  std::set<std::size_t> kept;
  const auto edited = store.edit(letters.front().shard, [&](const StoredLetter* letter, std::string& replacement) {
    const auto place = letter == nullptr ? places.end() : places.find(letter->key());
    if (place == places.end()) return DeadLetterStore::Edit::keep;
    const Replayed& result = progress[place->second];
    if (result.state == Replayed::State::accepted) return DeadLetterStore::Edit::remove;
    if (!kept.insert(place->second).second) return DeadLetterStore::Edit::remove;  // a copy
    Result<store::ParsedLetter> updated = DeadLetterStore::read_letter(letters[place->second]);
    if (!updated) return DeadLetterStore::Edit::keep;
    updated->origin.plugin_id = result.plugin_id;
    updated->origin.plugin_version = result.plugin_version;
    updated->origin.generation = result.generation;
    updated->attempts = std::max(updated->attempts, updated->attempts + 1);
    updated->error_code = result.error_code;
    updated->error_text = result.error_text;
    updated->last_try_ms = result.time_ms;
    store::append_dead_letter(replacement, updated->letter(), updated->origin);
    return DeadLetterStore::Edit::replace;
  });
  if (edited) return {};
  const auto passed = std::count_if(progress.begin(), progress.end(),
                                    [](const Replayed& each) { return each.state == Replayed::State::accepted; });
  if (passed == 0) return edited.error();
  return letters.front().about.origin.shard_id + ": " + std::to_string(passed) +
         " passed; some of them could not be removed, and the next replay sends them again: " + edited.error();
}

// How many letters came to what.
struct Tally {
  std::size_t passed = 0, failed = 0, waiting = 0;

  void add(std::span<const StoredLetter> letters, const std::vector<Replayed>& progress) {
    for (std::size_t i = 0; i < progress.size(); ++i) {
      const Replayed& result = progress[i];
      waiting += result.state == Replayed::State::waiting;
      if (!result.tried()) continue;
      const bool accepted = result.state == Replayed::State::accepted;
      ++(accepted ? passed : failed);
      if (!accepted)
        complain(letters[i].about.origin.shard_id + " " + place_of(letters[i]) + " is kept: " + result.error_text);
    }
  }
  void print(std::size_t untried, std::size_t damaged) const {
    std::printf("replayed %s: %zu passed, %zu failed and kept", count_of(passed + failed).c_str(), passed, failed);
    if (waiting != 0) std::printf(", %zu behind a failed one of the same partition key", waiting);
    if (untried != 0) std::printf(", %zu not tried", untried);
    if (damaged != 0) std::printf(", %zu damaged and left alone", damaged);
    std::puts("");
  }
};

}  // namespace

int replay(const Options& options) {
  const Selection selection(options);
  const config::Config config = load(options);
  const DeadLetterStore store = store_of(config, options);
  DeadLetterStore::Contents contents = or_fail(store.read());
  std::optional<Fd> lock;
  if (std::any_of(contents.letters.begin(), contents.letters.end(),
                  [&](const StoredLetter& letter) { return selection.contains(letter); })) {
    lock = or_fail(store.lock_for_changes());
    contents = or_fail(store.read());
  }
  const std::size_t all_damaged = tell_of_damage(contents), damaged = selection.all() ? all_damaged : 0;
  const std::vector<StoredLetter> letters = select(std::move(contents), selection);
  if (letters.empty()) {
    std::puts(none(selection, damaged, config, options).c_str());
    return damaged == 0 ? exit_done : exit_stopped;
  }
  observe::Log log(config.log);
  Tally tally;
  std::optional<Failure> stopped;
  std::string signal;
  try {
    LetterReplay player(config, options.ignore_key_order ? LetterReplay::Order::none : LetterReplay::Order::by_key,
                        log);
    for (auto begin = letters.begin(); begin != letters.end() && !stopped && signal.empty();) {
      const auto end =
          std::find_if(begin, letters.end(), [&](const StoredLetter& l) { return l.shard != begin->shard; });
      const std::span shard(begin, end);
      std::vector<Replayed> progress;
      // What passes and can't be taken out would be sent again by the next replay.
      if (std::string why = store.room_for_changes(begin->shard); !why.empty()) throw Failure{exit_stopped, why};
      try {
        player.run(shard, progress);
      } catch (const Failure& failure) {
        stopped = failure;
      }
      tally.add(shard, progress);
      if (std::string why = record(store, shard, progress); !why.empty()) {
        if (stopped) complain(stopped->message);
        stopped = Failure{exit_stopped, std::move(why)};
      }
      if (player.interrupted()) signal = player.signal_name();
      begin = end;
    }
  } catch (const Failure& failure) {
    stopped = failure;
  }
  const std::size_t untried = letters.size() - tally.passed - tally.failed - tally.waiting;
  tally.print(untried, damaged);
  if (stopped) throw *stopped;
  if (!signal.empty() && untried != 0) {
    throw Failure{exit_stopped, "interrupted by " + signal + "; what passed is removed, the rest is kept"};
  }
  return tally.passed == letters.size() && damaged == 0 ? exit_done : exit_stopped;
}

}  // namespace kclhost::host::cli::dead_letters
