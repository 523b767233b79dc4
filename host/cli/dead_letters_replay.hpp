// Sends dead letters through the configured plugin again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "batch/position.hpp"
#include "cli/called_worker.hpp"
#include "cli/interruption.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "plugin/temporary_copy.hpp"
#include "store/dead_letter_store.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::cli {

// What became of one letter.
struct Replayed {
  enum class State {
    untried,   // the replay ended before its turn, or before it was over
    waiting,   // it was not tried, because one of its key before it must be kept
    accepted,  // the plugin has it, and was given the chance to flush
    failed,    // it must be kept: the plugin failed on it
    unflushed  // it must be kept: the plugin took it and did not live, or manage, to flush
  } state = State::untried;
  std::string error_code, error_text;
  std::int64_t time_ms = 0;  // milliseconds since the epoch
  std::string plugin_id, plugin_version;
  std::uint32_t generation = 0;  // the replay's worker, from 1

  bool tried() const { return state != State::untried && state != State::waiting; }
};

// Plays the host to a worker process, whatever `isolation` says. A plugin's checkpoints are answered with OK: what they
// cover needs no flush. SIGTERM, SIGINT and SIGHUP end it after the letter in hand, which gets timeouts.shutdown for
// that; a second one ends it at once. One thread.
class LetterReplay final : private CalledWorker::Custody {
 public:
  enum class Order {
    by_key,  // the letters of a key wait behind one that must be kept
    none     // each letter is tried
  };

  // Throws dead_letters::Failure when the plugin's file is not fit to be loaded.
  LetterReplay(const config::Config& config, Order order, observe::Log& log);

  // Sends the letters of one shard, one by one, in this order. `progress` gets them as they become more than untried,
  // and is complete up to there also when dead_letters::Failure is thrown, because the plugin can't be loaded or
  // initialized.
  void run(std::span<const store::StoredLetter> letters, std::vector<Replayed>& progress);
  // A signal has ended it, or ends it before its next letter.
  bool interrupted() const { return interruption_.wanted(); }
  std::string signal_name() const { return interruption_.signal_name(); }

 private:
  void send_all();
  // The next two return false when the interruption came first.
  bool send(std::size_t index);
  bool bring_up(const std::string& shard_id);
  void flush();
  Batch batch_of(const store::ParsedLetter& letter);
  // The plugin is rid of it: its call failed, or it was rejected. What is said of it afterwards does not count.
  bool failed(std::size_t index) const { return (*progress_)[index].state == Replayed::State::failed; }
  void judge(std::size_t index, const CalledWorker::Called& called);
  void await_acknowledgements();
  void checkpointed(std::optional<std::string_view> sequence_number, std::int64_t sub_sequence_number) override;
  void acknowledged(RecordId first, std::uint64_t count) override;
  void rejected(RecordId record, std::string_view reason) override;
  // What was accepted up to this place (none: all) needs no flush any more.
  void settle(const Position& place);
  // The worker is gone, and with it what it held.
  void give_back();
  void keep_unflushed(const CalledWorker::Called& called, std::string_view why);
  void note(std::size_t index, Replayed::State state, const std::string& code, std::string text);

  using Key = std::pair<std::string, std::string>;  // stream, partition key
  static Key key_of(const store::StoredLetter& letter) {
    return {letter.about.origin.stream, letter.about.partition_key};
  }

  const config::Config config_;
  const Order order_;
  observe::Log& log_;
  EventLoop loop_;
  Interruption interruption_{loop_};
  SharedBuffer buffer_;
  std::string plugin_path_;
  std::optional<worker::User> user_;
  std::optional<plugin::TemporaryCopy> copy_;
  CalledWorker worker_;
  std::set<Key> held_keys_;  // of letters that must be kept
  std::span<const store::StoredLetter> letters_;
  std::vector<Replayed>* progress_ = nullptr;
  std::vector<std::size_t> sent_;         // indexes of the letters that the worker was given, by the records' numbers
  std::vector<std::size_t> unflushed_;    // indexes of accepted letters
  bool done_in_hand_ = false;             // the letter in hand was acknowledged, or rejected
  std::optional<Position> checkpointed_;  // by the plugin, since the letter in hand was sent; none(): everything
};

}  // namespace kclhost::host::cli
