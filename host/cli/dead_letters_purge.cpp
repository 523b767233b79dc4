#include <cstdio>
#include <set>

#include "cli/dead_letters_command.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::dead_letters {

using store::DeadLetterStore;
using store::StoredLetter;

int purge(const Options& options) {
  const Selection selection(options);
  const config::Config config = load(options);
  const DeadLetterStore store = store_of(config, options);
  if (options.damaged && (options.yes || !selection.all())) {
    throw Failure{exit_usage, "--damaged removes damaged lines and no dead letters; leave out --yes and the selection"};
  }
  const bool everything = selection.all() && !options.damaged, damaged_too = everything || options.damaged;
  if (everything && !options.yes) {
    throw Failure{exit_usage,
                  "purge without a selection removes all dead letters for good: say --yes, or select some "
                  "with --shard, --sequence or --older-than"};
  }
  const DeadLetterStore::Contents contents = or_fail(store.read());
  const std::vector<std::string> shards = contents.shards;
  if (!damaged_too) tell_of_damage(contents);
  if (shards.empty()) return std::puts(none(selection, 0, config, options).c_str()), exit_done;
  const Fd lock = or_fail(store.lock_for_changes());
  std::set<store::LetterKey> removed;
  std::size_t damaged = 0;
  for (const std::string& shard : shards) {
    const auto edited = store.edit(shard, [&](const StoredLetter* letter, std::string&) {
      if (letter == nullptr) {
        damaged += damaged_too;
        return damaged_too ? DeadLetterStore::Edit::remove : DeadLetterStore::Edit::keep;
      }
      if (options.damaged || !selection.contains(*letter)) return DeadLetterStore::Edit::keep;
      removed.insert(letter->key());
      return DeadLetterStore::Edit::remove;
    });
    or_fail(edited);
  }
  std::printf("removed %s", count_of(removed.size()).c_str());
  if (damaged != 0) std::printf(" and %zu damaged line%s", damaged, damaged == 1 ? "" : "s");
  std::puts("");
  return exit_done;
}

}  // namespace kclhost::host::cli::dead_letters
