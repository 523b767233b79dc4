// Sends dead letters through the configured plugin again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch/position.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "processor/processor.hpp"
#include "session/plugin_source.hpp"
#include "store/dead_letter_store.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::cli {

// What became of one letter.
struct Replayed {
  enum class State {
    untried,   // the replay ended before its turn
    accepted,  // the plugin has it, and was given the chance to flush
    failed,    // it must be kept: the plugin failed on it
    unflushed  // it must be kept: the plugin took it and did not live, or manage, to flush
  } state = State::untried;
  std::string error_code, error_text;
  std::int64_t time_ms = 0;  // milliseconds since the epoch
  std::string plugin_id, plugin_version;
  std::uint32_t generation = 0;  // the replay's worker, from 1
};

// Plays the host to a worker process, whatever `isolation` says. A plugin's checkpoints are answered with OK: what they
// cover needs no flush. One thread.
class LetterReplay final : private processor::Services {
 public:
  // Throws session::Stop when the plugin's file is not fit to be loaded.
  LetterReplay(const config::Config& config, observe::Log& log);
  ~LetterReplay();

  // Sends the letters of one shard, one by one, in this order. `progress` gets them as they become more than untried,
  // and is complete up to there also when session::Stop is thrown, because the plugin can't be loaded or initialized.
  void run(std::span<const store::StoredLetter> letters, std::vector<Replayed>& progress);

 private:
  void send(std::size_t index);
  void bring_up(const std::string& shard_id);
  const processor::Outcome& call(const processor::Request& request, config::Milliseconds timeout);
  Batch batch_of(const store::ParsedLetter& letter);
  // What was accepted up to this place (none: all) needs no flush any more.
  void settle(const Position& place);
  // The worker is gone, and with it what it held.
  void give_back();
  void keep_unflushed(const processor::Outcome& outcome, std::string_view why);

  processor::CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                                         std::int64_t sub_sequence_number) override;
  void log(std::int32_t level, std::string_view source, std::string_view text) override;
  bool log_enabled(std::int32_t level) override;
  void metric(std::int32_t kind, std::string_view name, double value) override;

  config::Config config_;
  observe::Log& log_;
  EventLoop loop_;
  SharedBuffer buffer_;
  session::PluginSource source_;
  std::unique_ptr<processor::Processor> worker_;
  std::uint32_t generation_ = 0;
  std::span<const store::StoredLetter> letters_;
  std::vector<Replayed>* progress_ = nullptr;
  std::vector<std::size_t> unflushed_;    // indexes of accepted letters
  std::optional<Position> checkpointed_;  // by the plugin, since the letter in hand was sent; none(): everything
};

}  // namespace kclhost::host::cli
