#include "cli/dead_letters_command.hpp"

#include <chrono>

#include "cli/configuration.hpp"
#include "config/units.hpp"
#include "store/state_key.hpp"
#include "support/exit_code.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::cli::dead_letters {

using store::DeadLetterStore;
using store::StoredLetter;

Selection::Selection(const Options& options) : shard_(options.shard), sequence_(options.sequence) {
  if (const std::size_t slash = sequence_.find('/'); slash != std::string::npos) {
    sub_sequence_ = sequence_.substr(slash + 1);
    sequence_.resize(slash);
  }
  if (options.older_than.empty()) return;
  const auto age = config::parse_duration(options.older_than);
  if (!age) throw Failure{exit_usage, "--older-than " + options.older_than + " is no duration; write 7d, 12h or 30m"};
  newest_ms_ = wall_clock_ms() - age->count();
}

bool Selection::contains(const StoredLetter& letter) const {
  return (shard_.empty() || letter.about.origin.shard_id == shard_) &&
         (sequence_.empty() || letter.about.sequence_number == sequence_) &&
         (!sub_sequence_ || std::to_string(letter.about.sub_sequence_number) == *sub_sequence_) &&
         (!newest_ms_ || letter.about.last_try_ms <= *newest_ms_);
}

std::string Selection::none(std::size_t damaged) const {
  if (!all()) return "no dead letters are the ones asked for";
  if (damaged == 0) return "no dead letters";
  return "no dead letters but " + std::to_string(damaged) + (damaged == 1 ? " damaged line" : " damaged lines");
}

config::Config load(const Options& options) {
  const Source source{configuration(options.config.file), options.config.stream};
  if (source.file.empty()) throw Failure{no_configuration(), ""};
  auto loaded = cli::load(source);
  if (!loaded) throw Failure{exit_usage, ""};
  return std::move(loaded->config);
}

DeadLetterStore store_of(const config::Config& config, const Options& options) {
  return {config.dead_letter.path, options.of_replays ? store::replay_state_key(config) : store::state_key(config)};
}

std::string none(const Selection& selection, std::size_t damaged, const config::Config& config,
                 const Options& options) {
  std::string text = selection.none(damaged);
  if (!selection.all()) return text;
  Options others;
  others.of_replays = !options.of_replays;
  const auto contents = store_of(config, others).read();
  if (!contents || contents->letters.empty()) return text;
  return text + (others.of_replays ? "; replays have set some aside: see kclhost dead-letters list --of-replays"
                                   : "; the application has some: see without --of-replays");
}

std::size_t tell_of_damage(const DeadLetterStore::Contents& contents) {
  for (const std::string& damage : contents.damaged) complain("damaged and left alone: " + damage);
  return contents.damaged.size();
}

std::vector<StoredLetter> select(DeadLetterStore::Contents contents, const Selection& selection) {
  std::vector<StoredLetter> letters = store::without_copies(std::move(contents.letters));
  std::erase_if(letters, [&](const StoredLetter& letter) { return !selection.contains(letter); });
  return letters;
}

std::string count_of(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " dead letter" : " dead letters");
}

std::string place_of(const StoredLetter& letter) {
  return letter.about.sequence_number + "/" + std::to_string(letter.about.sub_sequence_number);
}

}  // namespace kclhost::host::cli::dead_letters
