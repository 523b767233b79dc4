// A plugin that is tried on live records, beside the one that processes them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "batch/shared_batch_memory.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "plugin/temporary_copy.hpp"
#include "run/shadow_counts.hpp"
#include "shard/desk.hpp"
#include "shard/instance.hpp"
#include "shard/record_set.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"
#include "worker/life.hpp"

namespace kclhost::host::run {

// One worker of the shard's that has copies of the daemon's batches, one at a time: what comes while it is busy, or not
// there, it never sees. Nothing waits for it, nothing that it says reaches the daemon, and its memory is its own; it is
// counted and told of, and that is all. One that dies, hangs or does not come up is started again after pauses that
// grow. Host's thread only.
class Shadow final : private worker::Listener {
 public:
  // Reads and copies the plugin; where that can't be, there is no shadow, and a line says why. `changed` is called when
  // the counts have. All references must outlive it. Throws std::system_error where memory is refused.
  Shadow(const config::Config& config, const std::optional<worker::User>& user, observe::Log& log, EventLoop& loop,
         std::function<void()> changed);
  ~Shadow() override;
  // Says why there is none.
  static void tell_none(observe::Log& log, const std::string& why);

  // The plugin runs: it may begin.
  void begin(std::string_view shard_id, const Position& at);
  // A batch that the plugin was given. It is not used any more when this returns.
  void offer(const Batch& batch);
  void plugin_failed() { counts_.plugin_failed(); }
  void plugin_finished() { counts_.plugin_finished(); }
  void plugin_left_it() { counts_.plugin_left_it(); }
  // The shard is over: ends the worker, and tells in one line what was counted.
  void end();

  Clock::time_point deadline() const;
  void on_time(Clock::time_point now);
  void add_to(std::vector<hub::Series>& all) const;

 private:
  // worker::Listener
  void loaded(WorkerId worker, const Descriptor& about) override;
  void not_loaded(WorkerId worker, const std::string& why) override;
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome) override;
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number) override;
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override;
  void metric_made(WorkerId, std::uint32_t, const kclhost_metric_spec&) override {}
  void metric(WorkerId, std::uint32_t, double) override {}
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) override;
  void rejected(WorkerId worker, RecordId record, std::string_view reason) override;
  void wants_ticks(WorkerId worker, std::uint32_t interval_ms) override;
  void ended(WorkerId worker, const Death* death) override;

  std::string take_copy();
  void leave_out(const std::string& why);
  void tell_time(Clock::time_point now);
  void keep_up();
  void carry_out();
  void start_worker(const action::StartWorker& start);
  void give_up(std::string what);
  void gone(const std::string& what, const Death* death);
  void finish_batch(const Outcome& outcome);
  void finish_records(RecordId first, std::uint64_t count);
  bool has_room(const Batch& batch) const;
  bool holds_too_much() const;
  void tell_left_out();
  bool may_write(Clock::time_point now);

  const config::Config& config_;
  const std::optional<worker::User>& user_;
  observe::Log& log_;
  EventLoop& loop_;
  std::function<void()> changed_;
  ShadowCounts counts_;
  std::optional<plugin::TemporaryCopy> copy_;  // none: it is left out
  SharedBuffer buffer_;
  SharedBatchMemory memory_{buffer_};
  Desk desk_;
  std::optional<Instance> instance_;
  std::unique_ptr<worker::Life> life_;
  bool buried_ = false;   // the life has ended, and goes when the loop has turned
  std::string given_up_;  // the worker was, for this, and is about to end
  std::string name_;      // the plugin's, and its version
  std::uint32_t generation_ = 0;
  int failures_ = 0;  // in a row
  Time start_at_{0}, began_at_{0};
  Clock::time_point call_began_{};
  bool with_records_ = false;                                // the call under way is a process_records with some
  Clock::time_point release_at_ = Clock::time_point::max();  // of the copy's memory

  // What it was given and has not finished.
  RecordId next_id_ = 0, oldest_id_ = 0;  // of a plugin that acknowledges: all before the oldest is
  RecordId batch_id_ = 0;                 // the first record of the last batch
  RecordSet finished_;                    // behind that
  Amount held_;                           // since it was last asked to finish
  bool cramped_ = false;                  // it had no room for a batch

  Clock::time_point lines_since_{};
  std::uint32_t lines_ = 0, lines_left_out_ = 0;
};

}  // namespace kclhost::host::run
