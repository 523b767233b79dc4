// What a host tells the hub of `kclhost launch`.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "hub/series.hpp"
#include "hub/shard_state.hpp"
#include "plugin/call.hpp"
#include "protocol/message.hpp"
#include "run/plugin_metrics.hpp"
#include "run/swaps.hpp"
#include "shard/shard.hpp"
#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::run {

// Counts what the host sees, and sends the hub how things stand: a second after something has changed, and when it
// asks. It never waits: what can't be sent now is sent a second later, as it stands then. Where a part of it has gone,
// the others follow as they are, for the hub takes all or nothing. Where there is no hub, or it has gone, it does
// nothing. Host's thread only.
class Report {
 public:
  // What only its owner knows, asked when a report is made.
  struct Sources {
    std::function<std::string(std::uint32_t release)> sha256;  // of its plugin
    std::function<bool()> on_trial;                            // the release that the shard is to run
    std::function<std::uint64_t()> workers_memory;             // resident, bytes
    // The newest of its log, at most so many, oldest first.
    std::function<std::vector<std::string>(std::size_t most)> last_lines;
    std::function<void(std::vector<hub::Series>&)> shadow{};  // adds its series; empty: there is none
  };

  // All references must outlive it.
  Report(const config::Config& config, const Shard& shard, EventLoop& loop, Sources sources);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  // ---- The daemon
  // Before the shard has it.
  void message(const protocol::Message& message);
  void answered();
  void checkpoint_sent();
  void checkpoint_answered(const CheckpointAnswer& answer);

  // ---- The workers
  void started(const action::StartWorker& start);
  void called(const action::CallWorker& call);
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome);
  // It came to nothing: it was not started, could not load the plugin, or is let go.
  void failed_to_start(WorkerId worker);
  // It is not needed any more; of one that did not come up `outcome` has told.
  void let_go(WorkerId worker);
  void ended(WorkerId worker, const Death* death);
  void metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec);
  void metric(WorkerId worker, std::uint32_t metric, double value);
  // How often the release was changed so far.
  void swaps(const Swaps& swaps);
  // Something else of the shard's has changed: records are finished, say.
  void changed();

  void told(const action::Tell& tell);
  void failed(const std::string& message);

  // ---- Time
  Clock::time_point deadline() const { return due_; }
  void on_time(Clock::time_point now);
  // The last word, if the hub takes it now.
  void last();

 private:
  enum class Cause : std::uint8_t { signal, exit, timeout, misbehaved, failed_start, replaced };
  static constexpr std::size_t causes = 6;
  static constexpr std::array<const char*, causes> cause_names{"signal",     "exit",         "timeout",
                                                               "misbehaved", "failed_start", "replaced"};
  struct OpenCall {
    WorkerId worker;
    CallNumber number;
    Call call;
    Clock::time_point begun;
  };
  struct Worker {
    WorkerId worker;
    std::uint32_t lane;
    bool failed = false;  // in create or initialize
  };
  struct LaneHistory {
    bool started = false;
    Cause last_end = Cause::replaced;
  };

  void hear();
  void leave();
  void send();
  std::deque<std::string> packets();
  void update();
  std::vector<hub::Series> series() const;
  Amount unfinished() const;
  void end_of(WorkerId worker, Cause cause);

  const config::Config& config_;
  const Shard& shard_;
  EventLoop& loop_;
  Sources sources_;
  Fd hub_;
  Clock::time_point due_ = Clock::time_point::max();
  bool due_for_idle_ = false;  // for nothing but a message without records, which is answered by now or soon

  std::deque<std::string> unsent_;  // of a report that the hub has a part of

  hub::ShardState state_;
  PluginMetrics plugin_metrics_;
  std::int64_t busy_since_ms_ = 0, progress_ms_ = 0;
  Amount received_, finished_, open_;
  std::vector<OpenCall> calls_;
  std::vector<Worker> workers_;
  std::map<std::uint32_t, LaneHistory> lanes_;
  std::array<std::uint64_t, causes> restarts_{};
  Swaps swaps_;
  std::uint64_t retries_ = 0, failures_ = 0, checkpoints_ok_ = 0, checkpoints_failed_ = 0;
  hub::Reading process_, checkpoint_;
  Clock::time_point checkpoint_begun_{};
  std::string sent_phase_ = "idle";
};

}  // namespace kclhost::host::run
