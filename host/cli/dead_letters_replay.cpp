#include "cli/dead_letters_replay.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "cli/cli.hpp"
#include "config/units.hpp"
#include "session/stop.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

using processor::Call;
using processor::Outcome;

// What a call gets between should_stop and its end by force.
constexpr config::Milliseconds grace_after_timeout{1'000};

config::Config in_a_process(config::Config config) {
  config.isolation = config::Isolation::process;
  return config;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string code_of(const Outcome& outcome) {
  return outcome.death ? "DIED" : "FAILED";
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

LetterReplay::LetterReplay(const config::Config& config, observe::Log& log)
    : config_(in_a_process(config)), log_(log), source_(config_, loop_, buffer_, *this) {}

LetterReplay::~LetterReplay() = default;

void LetterReplay::run(std::span<const store::StoredLetter> letters, std::vector<Replayed>& progress) try {
  letters_ = letters;
  progress_ = &progress;
  progress.assign(letters.size(), {});
  unflushed_.clear();
  log_.set_shard(letters.front().about.origin.shard_id);
  for (std::size_t i = 0; i < letters.size(); ++i) send(i);
  if (!worker_->alive()) return give_back();
  const Outcome flushed = call({.call = Call::shutdown_requested}, config_.timeouts.shutdown);
  // Also a plugin whose OK says that it is done has said now that it is not.
  if (!flushed.ok()) keep_unflushed(flushed, "shutdown_requested failed after the record was accepted: ");
  if (worker_->alive()) call({.call = Call::destroy}, config_.timeouts.shutdown);
  worker_.reset();
} catch (const session::Stop&) {
  keep_unflushed({}, "the replay stopped before the plugin could flush");
  throw;
}

void LetterReplay::send(std::size_t index) {
  const Result<store::ParsedLetter> letter = store::DeadLetterStore::read_letter(letters_[index]);
  if (!letter) throw session::Stop(exit_stopped, letter.error());
  bring_up(letter->origin.shard_id);
  checkpointed_.reset();
  const std::uint32_t attempt = std::max(letter->attempts, letter->attempts + 1);
  const Outcome& outcome = call({.call = Call::process_records, .batch = batch_of(*letter), .attempt = attempt},
                                config_.timeouts.process_records);
  Replayed& result = (*progress_)[index];
  result.time_ms = now_ms();
  result.plugin_id = worker_->descriptor().id;
  result.plugin_version = worker_->descriptor().version;
  result.generation = generation_;
  if (outcome.ok()) {
    result.state = Replayed::State::accepted;
    unflushed_.push_back(index);
    if (checkpointed_) settle(*checkpointed_);
  } else {
    result.state = Replayed::State::failed;
    result.error_code = code_of(outcome);
    result.error_text = one_line(outcome.message);
  }
}

void LetterReplay::bring_up(const std::string& shard_id) {
  if (worker_ && worker_->alive()) return;
  if (worker_) give_back();
  worker_ = source_.start();
  ++generation_;
  source_.finish(*worker_);
  log_.set_plugin(worker_->descriptor().id, worker_->descriptor().version);
  if (const Outcome& created = call({.call = Call::create}, config_.timeouts.initialize); !created.ok()) {
    throw session::Stop(exit_plugin, "the plugin can't be used: " + one_line(created.message));
  }
  const Outcome& outcome = call({.call = Call::initialize, .shard_id = shard_id, .sequence_number = "TRIM_HORIZON"},
                                config_.timeouts.initialize);
  if (!outcome.ok()) {
    throw session::Stop(exit_stopped,
                        "the plugin can't be initialized for " + shard_id + ": " + one_line(outcome.message));
  }
}

const Outcome& LetterReplay::call(const processor::Request& request, config::Milliseconds timeout) {
  worker_->start(request);
  const auto over = [this] { return !worker_->busy(); };
  if (!loop_.run_until(over, Clock::now() + timeout)) {
    worker_->request_stop();
    if (!loop_.run_until(over, Clock::now() + grace_after_timeout)) {
      worker_->abort("ended because " + std::string(processor::name_of(request.call)) + " took longer than " +
                     config::format_duration(timeout));
    }
  }
  return worker_->outcome();
}

Batch LetterReplay::batch_of(const store::ParsedLetter& letter) {
  const std::size_t text = letter.data.size() + letter.partition_key.size() + letter.sequence_number.size();
  const std::size_t table = (text + 7) & ~std::size_t{7};
  if (!buffer_.reserve(table + sizeof(RecordEntry))) throw session::Stop(exit_stopped, "no memory for a dead letter");
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

void LetterReplay::settle(const Position& place) {
  std::erase_if(unflushed_, [&](std::size_t i) {
    const store::ParsedLetter& letter = letters_[i].about;
    return place.none() || !(place < Position{letter.sequence_number, letter.sub_sequence_number});
  });
}

void LetterReplay::give_back() {
  // Without checkpoints of its own a plugin's OK says that it is done; with them, that it has the record.
  if (worker_->descriptor().checkpoints_itself()) {
    keep_unflushed(worker_->outcome(), "the plugin had not finished with the record: the worker was ");
  }
  unflushed_.clear();
}

void LetterReplay::keep_unflushed(const Outcome& outcome, std::string_view why) {
  for (const std::size_t i : unflushed_) {
    Replayed& result = (*progress_)[i];
    result.state = Replayed::State::unflushed;
    result.error_code = code_of(outcome);
    result.error_text = std::string(why) + one_line(outcome.message);
  }
  unflushed_.clear();
}

processor::CheckpointAnswer LetterReplay::checkpoint(std::optional<std::string_view> sequence_number,
                                                     std::int64_t sub_sequence_number) {
  constexpr auto whole = std::numeric_limits<std::int64_t>::max();
  const std::int64_t sub = sub_sequence_number < 0 ? whole : sub_sequence_number;
  checkpointed_ = Position{std::string(sequence_number.value_or("")), sub};
  settle(*checkpointed_);
  return {};
}

void LetterReplay::log(std::int32_t level, std::string_view source, std::string_view text) {
  const auto clamped = std::clamp<std::int32_t>(level, KCLHOST_LOG_TRACE, KCLHOST_LOG_ERROR);
  log_.write(static_cast<observe::Level>(clamped), source, text);
}

bool LetterReplay::log_enabled(std::int32_t level) {
  return level >= static_cast<std::int32_t>(log_.level());
}

void LetterReplay::metric(std::int32_t, std::string_view, double) {}

}  // namespace kclhost::host::cli
