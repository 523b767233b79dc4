// One instance of the plugin through all its lives.
#pragma once

#include <memory>
#include <string>

#include "batch/position.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "processor/processor.hpp"
#include "session/daemon_link.hpp"
#include "session/plugin_source.hpp"
#include "support/event_loop.hpp"

namespace kclhost::host::session {

// Where a new instance begins. It refers to what the caller has: it is made for every batch.
struct Start {
  const std::string& shard_id;
  const Position& position;
  bool hand_over = false;
};

// Keeps an initialized instance at hand: starts one, starts another when it died, ends calls that take too long. Host's
// thread only. Functions that wait throw Stop when the daemon goes away meanwhile.
class Lane {
 public:
  // All references must outlive this. The plugin begins to load at once.
  Lane(const config::Config& config, observe::Log& log, EventLoop& loop, const DaemonLink& daemon,
       PluginSource& source);

  // Waits until the plugin is loaded. Throws Stop (exit code 3) when it can't be.
  void load();
  // Makes sure that there is an initialized instance. One that fails to come up is tried again as on_error says: with
  // backoff up to max_attempts, then Stop where `then` is stop, else for as long as it takes.
  void bring_up(const Start& start);
  // Replaces the instance when the plugin's file has changed since it was staged.
  void renew_if_file_changed();
  // Ends the instance in good order; the next bring_up starts another.
  void retire();

  // A call, to its end.
  const processor::Outcome& call(const processor::Request& request, config::Milliseconds timeout);
  // The same in steps: begin, then run the event loop until over() or deadline(), ask over() again.
  void begin(const processor::Request& request, config::Milliseconds timeout);
  // Whether the call has ended; ends it by force once its time is up.
  bool over();
  Clock::time_point deadline() const { return deadline_; }
  bool busy() const { return processor_->busy(); }
  const processor::Outcome& outcome() const { return processor_->outcome(); }

  // Whether the call just over is to be made again, after bring_up, as if it had not been made: the worker was dead or
  // dying when it was sent, and the plugin never saw it. Ask once for each call; never true twice in a row.
  bool must_repeat();

  // After the daemon has gone: waits for the call in progress as long as timeouts.shutdown allows.
  void abandon();

  // Logs a call that failed, with the records it was given (null: none).
  void report(const processor::Outcome& outcome, const Batch* batch);

  std::uint64_t resident_memory() const { return processor_->resident_memory(); }
  const processor::Descriptor& descriptor() const { return processor_->descriptor(); }
  bool alive() const { return processor_->alive(); }
  // Which instance this is, from 1.
  std::uint32_t generation() const { return generation_; }

 private:
  bool try_to_bring_up(const Start& start, std::string& why, int& exit_code);
  void restart();

  const config::Config& config_;
  observe::Log& log_;
  EventLoop& loop_;
  const DaemonLink& daemon_;
  PluginSource& source_;
  std::unique_ptr<processor::Processor> processor_;
  bool loaded_ = false, created_ = false, initialized_ = false;
  processor::Call call_ = processor::Call::create;
  config::Milliseconds timeout_{0};
  Clock::time_point deadline_{};
  bool asked_to_stop_ = false;
  bool death_told_ = false;
  bool repeating_ = false;
  std::uint32_t generation_ = 1;
};

}  // namespace kclhost::host::session
