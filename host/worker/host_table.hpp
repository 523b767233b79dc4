// What the host offers a plugin's instance: the functions of kclhost_host, and what is behind them.
#pragma once

#include <kclhost/plugin.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "plugin/call.hpp"
#include "plugin/metrics.hpp"
#include "plugin/table.hpp"
#include "worker/acknowledgements.hpp"
#include "worker/host_link.hpp"

namespace kclhost::host::worker {

// Where an instance is.
struct Place {
  std::string plugin_path;  // as the configuration has it
  std::string application, stream;
  std::uint32_t lane = 0, lane_count = 1;
};

// In which calls a plugin may checkpoint.
bool may_checkpoint(Call call);

// It outlives every call, so that a plugin that keeps what a call was given gets an answer, not a crash. Plugins'
// threads may use the table; all else is for the thread that calls.
class HostTable {
 public:
  // `host` must outlive it. The memory is there for plugins that acknowledge.
  HostTable(HostLink& host, const plugin::PluginTable& plugin, Place place, const AckMemory& memory);
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const kclhost_host* table() const { return &table_; }
  kclhost_checkpointer* checkpointer() { return reinterpret_cast<kclhost_checkpointer*>(this); }

  // This thread goes into the plugin, and has come back.
  void begin(const Request& request);
  void end();
  // The process goes on to another instance: what this one's threads still ask for is refused.
  void destroyed() { destroyed_ = true; }

 private:
  struct Functions;  // the table's
  struct MetricHandle {
    HostTable& owner;
    std::uint32_t number;
  };

  bool on_calling_thread() const { return caller_.load() == std::this_thread::get_id(); }
  CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number, std::int64_t sub_sequence_number);
  // "", or why not.
  std::string make_metric(const kclhost_metric_spec& spec, kclhost_metric*& metric);
  std::int64_t remaining_ms() const;
  void acknowledge(RecordId first, std::uint64_t count);
  bool reject(RecordId record, std::string_view reason);
  // Refuses it where the instance is destroyed.
  bool is_too_late(std::string_view what);
  // The host's log has the first refusal of each kind: what a plugin makes of its error is its own matter.
  void tell_refusal(std::atomic<bool>& told, std::string_view what);

  HostLink& host_;
  const bool checkpoints_, acknowledges_, ticks_;
  const Place place_;
  std::string shard_id_;
  kclhost_host table_;

  std::atomic<std::thread::id> caller_{};  // the thread that is in a call; none between calls
  bool may_checkpoint_ = false;            // in that call
  // Nanoseconds of the steady clock; a wait for the answer to a checkpoint moves the end of the call away.
  std::atomic<std::int64_t> ends_at_, waits_since_;
  std::atomic<std::int32_t> finish_{KCLHOST_FINISH_NO};  // of that call
  std::atomic<bool> destroyed_{false};

  std::mutex rejecting_;  // against the end of the call
  RecordId first_ = 0;    // of the batch in hand
  std::uint64_t count_ = 0;
  Acknowledger acknowledger_;

  std::mutex metrics_changing_;
  plugin::Metrics metrics_;
  std::deque<MetricHandle> handles_;

  std::atomic<bool> told_of_metric_{false}, told_of_checkpoint_{false}, told_of_rejection_{false},
      told_of_acknowledgement_{false}, told_of_end_{false};
};

}  // namespace kclhost::host::worker
