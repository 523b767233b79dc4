#include "cli/dead_letters_replay.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "cli/cli.hpp"
#include "cli/dead_letters_command.hpp"
#include "plugin/file.hpp"
#include "store/state_key.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::cli {
namespace {

using dead_letters::Failure;

template <class T>
T or_fail(Result<T> result) {
  if (!result) throw Failure{exit_plugin, result.error()};
  return std::move(*result);
}

}  // namespace

LetterReplay::LetterReplay(const config::Config& config, Order order, observe::Log& log)
    : config_(config), order_(order), log_(log), worker_(loop_, buffer_, interruption_, log, *this) {
  const plugin::File file = or_fail(plugin::find(config));
  plugin_path_ = file.path;
  auto user = worker::find_user(config.worker);
  if (!user) throw Failure{exit_usage, user.error()};
  user_ = std::move(*user);
  copy_.emplace(or_fail(plugin::TemporaryCopy::make(file, config.state_dir)));
}

void LetterReplay::run(std::span<const store::StoredLetter> letters, std::vector<Replayed>& progress) try {
  letters_ = letters;
  progress_ = &progress;
  progress.assign(letters.size(), {});
  unflushed_.clear();
  log_.set_shard(letters.front().about.origin.shard_id);
  send_all();
  flush();
} catch (const Failure&) {
  keep_unflushed({.code = "FAILED"}, "the replay stopped before the plugin could flush");
  throw;
}

void LetterReplay::send_all() {
  for (std::size_t i = 0; i < letters_.size(); ++i) {
    if (interruption_.wanted()) return;
    if (order_ == Order::by_key && held_keys_.contains(key_of(letters_[i]))) {
      (*progress_)[i].state = Replayed::State::waiting;
    } else if (!send(i)) {
      return;
    }
  }
}

bool LetterReplay::send(std::size_t index) {
  const Result<store::ParsedLetter> letter = store::DeadLetterStore::read_letter(letters_[index]);
  if (!letter) throw Failure{exit_stopped, letter.error()};
  if (!bring_up(letter->origin.shard_id)) return false;
  checkpointed_.reset();
  done_in_hand_ = false;
  sent_.push_back(index);
  const std::uint32_t attempt = std::max(letter->attempts, letter->attempts + 1);
  const auto called = worker_.call({.call = Call::process_records, .batch = batch_of(*letter), .attempt = attempt},
                                   config_.timeouts.process_records, config_.timeouts.shutdown);
  if (called.given_up) return false;
  if (!done_in_hand_) judge(index, called);
  if (!worker_.alive()) give_back();
  return true;
}

void LetterReplay::judge(std::size_t index, const CalledWorker::Called& called) {
  if (!called.ok) return note(index, Replayed::State::failed, called.code, called.message);
  note(index, Replayed::State::accepted, "", "");
  unflushed_.push_back(index);
  if (checkpointed_) settle(*checkpointed_);
}

bool LetterReplay::bring_up(const std::string& shard_id) {
  if (worker_.alive()) return true;
  give_back();  // it may have died since
  const auto initialize = config_.timeouts.initialize, patience = config_.timeouts.shutdown;
  worker::Spec spec{.staged_path = copy_->path(),
                    .plugin_path = plugin_path_,
                    .config_json = config_.plugin.config_json,
                    .application = store::daemon_property(config_, "applicationName"),
                    .stream = store::stream_name(config_),
                    .most_held = config_.in_flight.max_records,
                    .log_level = static_cast<std::int32_t>(config_.log.level),
                    .max_memory = config_.worker.max_memory,
                    .core_dumps = config_.worker.core_dumps,
                    .orderly_exit = config_.worker.orderly_exit,
                    .user = user_};
  if (const auto loaded = worker_.load(std::move(spec), initialize, patience); !loaded.ok) {
    if (loaded.given_up) return false;
    throw Failure{exit_plugin, "plugin " + plugin_path_ + ": " + loaded.message};
  }
  log_.set_plugin(worker_.about().id, worker_.about().version);
  if (const auto created = worker_.call({.call = Call::create, .shard_id = shard_id}, initialize, patience);
      !created.ok) {
    if (created.given_up) return false;
    throw Failure{exit_plugin, "the plugin can't be used: " + created.message};
  }
  const auto called = worker_.call({.call = Call::initialize, .shard_id = shard_id, .sequence_number = "TRIM_HORIZON"},
                                   initialize, patience);
  if (called.ok) return true;
  if (called.given_up) return false;
  throw Failure{exit_stopped, "the plugin can't be initialized for " + shard_id + ": " + called.message};
}

void LetterReplay::flush() {
  if (!worker_.alive()) return give_back();
  const auto timeout = config_.timeouts.shutdown;
  await_acknowledgements();
  if (!worker_.alive()) return give_back();
  // What was accepted depends on it.
  const auto flushed = worker_.call({.call = Call::shutdown_requested}, timeout, CalledWorker::no_hurry);
  // Also a plugin whose OK says that it is done has said now that it is not.
  if (!flushed.ok) keep_unflushed(flushed, "shutdown_requested failed after the record was accepted: ");
  worker_.destroy(timeout);
}

void LetterReplay::await_acknowledgements() {
  if (!worker_.about().acknowledges() || unflushed_.empty()) return;
  const auto timeout = config_.timeouts.shutdown;
  const auto drained = worker_.call({.call = Call::flush}, timeout, CalledWorker::no_hurry);
  if (drained.ok) worker_.wait_for([this] { return unflushed_.empty(); }, timeout);
  if (!worker_.alive()) return;
  if (drained.ok) return keep_unflushed({.code = "FAILED"}, "the plugin has not acknowledged the record");
  keep_unflushed(drained, "drain failed after the record was accepted: ");
}

Batch LetterReplay::batch_of(const store::ParsedLetter& letter) {
  const std::size_t text = letter.data.size() + letter.partition_key.size() + letter.sequence_number.size();
  const std::size_t table = (text + 7) & ~std::size_t{7};
  if (!buffer_.reserve(table + sizeof(RecordEntry))) throw Failure{exit_stopped, "no memory for a dead letter"};
  std::uint32_t at = 0;
  const auto put = [&](const std::string& bytes) {
    std::memcpy(buffer_.data() + at, bytes.data(), bytes.size());
    return std::exchange(at, at + static_cast<std::uint32_t>(bytes.size()));
  };
  RecordEntry entry{};
  entry.data = put(letter.data);
  entry.data_size = static_cast<std::uint32_t>(letter.data.size());
  entry.partition_key = put(letter.partition_key);
  entry.partition_key_size = static_cast<std::uint32_t>(letter.partition_key.size());
  entry.sequence_number = put(letter.sequence_number);
  entry.sequence_number_size = static_cast<std::uint32_t>(letter.sequence_number.size());
  entry.sub_sequence_number = letter.sub_sequence_number;
  entry.arrival_ms = letter.arrival_ms;
  std::memcpy(buffer_.data() + table, &entry, sizeof entry);
  return {buffer_.data(), static_cast<std::uint32_t>(table), 1, -1};
}

void LetterReplay::checkpointed(std::optional<std::string_view> sequence_number, std::int64_t sub_sequence_number) {
  constexpr auto whole = std::numeric_limits<std::int64_t>::max();
  const std::int64_t sub = sub_sequence_number < 0 ? whole : sub_sequence_number;
  checkpointed_ = Position{std::string(sequence_number.value_or("")), sub};
  settle(*checkpointed_);
}

void LetterReplay::acknowledged(RecordId first, std::uint64_t count) {
  for (RecordId record = first; record < first + count; ++record) {
    const std::size_t index = sent_.at(record);
    if (failed(index)) continue;
    done_in_hand_ |= record + 1 == sent_.size();
    note(index, Replayed::State::accepted, "", "");
    std::erase(unflushed_, index);
  }
}

void LetterReplay::rejected(RecordId record, std::string_view reason) {
  const std::size_t index = sent_.at(record);
  if (failed(index)) return;
  done_in_hand_ |= record + 1 == sent_.size();
  note(index, Replayed::State::failed, "REJECTED", one_line(reason));
  std::erase(unflushed_, index);
}

void LetterReplay::settle(const Position& place) {
  std::erase_if(unflushed_, [&](std::size_t i) {
    const store::ParsedLetter& letter = letters_[i].about;
    return place.none() || !(place < Position{letter.sequence_number, letter.sub_sequence_number});
  });
}

void LetterReplay::give_back() {
  // Without checkpoints or acknowledgements a plugin's OK says that it is done; with them, that it has the record.
  if (worker_.about().holds_records()) {
    keep_unflushed(worker_.end(), "the plugin had not finished with the record: the worker was ");
  }
  unflushed_.clear();
  sent_.clear();
}

void LetterReplay::keep_unflushed(const CalledWorker::Called& called, std::string_view why) {
  for (const std::size_t i : unflushed_) {
    note(i, Replayed::State::unflushed, called.code, std::string(why) + called.message);
  }
  unflushed_.clear();
}

void LetterReplay::note(std::size_t index, Replayed::State state, const std::string& code, std::string text) {
  Replayed& result = (*progress_)[index];
  // What is only known to be unflushed was tried before, by another worker perhaps.
  if (state != Replayed::State::unflushed) {
    result.time_ms = wall_clock_ms();
    result.plugin_id = worker_.about().id;
    result.plugin_version = worker_.about().version;
    result.generation = worker_.generation();
  }
  result.state = state;
  result.error_code = code;
  result.error_text = std::move(text);
  if (state != Replayed::State::accepted) held_keys_.insert(key_of(letters_[index]));
}

}  // namespace kclhost::host::cli
