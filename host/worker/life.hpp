// One life of one instance of a plugin, from its start to its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/call.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"
#include "support/shared_buffer.hpp"
#include "worker/user.hpp"

namespace kclhost::host::worker {

// What a life reports. Every function is called from within EventLoop::turn or Life::on_time, on the host's thread, and
// may call the life's functions, but not destroy it.
class Listener {
 public:
  virtual ~Listener() = default;
  // The plugin is loaded, and calls may follow; or it can't be, and `ended` follows by itself.
  virtual void loaded(WorkerId worker, const Descriptor& about) = 0;
  virtual void not_loaded(WorkerId worker, const std::string& why) = 0;
  // The call in progress is over. (destroy has no outcome: `ended` follows it.)
  virtual void outcome(WorkerId worker, CallNumber call, const Outcome& outcome) = 0;
  // The plugin waits for answer_checkpoint. The text lives until this returns. No sequence number: "everything".
  virtual void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                                std::int64_t sub_sequence_number) = 0;
  // `source`, static text: "plugin"; "stdout" and "stderr" for what the worker prints; "host" for what the host says of
  // the worker.
  virtual void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) = 0;
  // The plugin has made a metric, which it names by `metric` from now on, counted from 0 for each worker; its spec is
  // valid, and lives until this returns.
  virtual void metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) = 0;
  virtual void metric(WorkerId worker, std::uint32_t metric, double value) = 0;
  // An acknowledging plugin is done with these records, which it was given; each is reported once, within a call too,
  // and before the outcome of the call or the end by which it was acknowledged.
  virtual void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) = 0;
  // It never will be with this one, which is not reported otherwise. Of a record of the call in progress: before its
  // outcome.
  virtual void rejected(WorkerId worker, RecordId record, std::string_view reason) = 0;
  // It wants a tick this often, milliseconds; 0: no more.
  virtual void wants_ticks(WorkerId worker, std::uint32_t interval_ms) = 0;
  // The last report. `death` is null when it ended as it was asked to (destroy, or after not_loaded).
  virtual void ended(WorkerId worker, const Death* death) = 0;
};

// What a worker is to load, and with what.
struct Spec {
  std::string staged_path;              // what is loaded
  std::string plugin_path;              // what the user calls it
  std::string config_json;              // must fit the plugin's schema; empty: nobody looks, and create is not called
  std::string application{}, stream{};  // may be empty
  std::uint32_t lane = 0, lane_count = 1;
  // How many records a plugin that acknowledges may hold, at most.
  std::uint64_t most_held = 0;
  std::int32_t log_level = KCLHOST_LOG_INFO;
  std::optional<std::uint64_t> max_memory{};  // bytes; allocations beyond twice as much fail
  bool core_dumps = false;
  bool orderly_exit = false;   // behind destroy, by exit()
  std::optional<User> user{};  // the process's; none: the host's own
  // Nobody holds the configuration against the schema: somebody has, or Call::check_config is all that follows.
  bool any_config = false;
  // The plugin runs as a shadow, which gives way to all others; one that can't is not loaded.
  bool shadow = false;
  // destroy is a call like any other, with an outcome, and another create may follow: a process for many instances.
  bool outlives_destroy = false;
};

// The deadline of what is not waited for.
inline constexpr Clock::time_point never = Clock::time_point::max();

// It never waits: each function returns at once, and the listener hears what came of it. Host's thread only.
class Life {
 public:
  virtual ~Life() = default;

  virtual WorkerId id() const = 0;
  // Begins a call. Only after loaded, and when no call is in progress.
  virtual void call(CallNumber number, const Request& request) = 0;
  // Answers wants_checkpoint. Ignored when that call is over by now.
  virtual void answer_checkpoint(CallNumber number, const CheckpointAnswer& answer) = 0;
  // What the plugin's should_stop() says, until the next call.
  virtual void request_stop(Stop why) = 0;
  // Ends the worker: by SIGABRT, so that there is a stack, and by SIGKILL two seconds later, or, `soon`, a fifth of
  // one. `ended` tells, with a death of this kind and message. Isolation none can't end a thread: it asks it to stop,
  // and nothing else.
  virtual void kill(Death::Kind kind, std::string message, bool soon) = 0;
  void kill(Death::Kind kind, std::string message) { kill(kind, std::move(message), false); }
  // The process that this instance has to itself; 0 when it has none, or it has ended.
  virtual pid_t process() const = 0;
  // Its memory, in bytes; 0 when there is no such process.
  virtual std::uint64_t resident_memory() const = 0;
  // When on_time must be called next; never: not at all.
  virtual Clock::time_point deadline() const = 0;
  virtual void on_time(Clock::time_point now) = 0;
  // Destroying it ends the worker by SIGKILL, without a report, and waits for the kernel to take it away.
};

// Starts a worker that loads the plugin at once: as a fork of the host, or (isolation none) as a thread in it. `batch`
// may be null for a worker that only loads. All references must outlive the life. The error is one line, for a person:
// no process to be had, no descriptors, ...; it may pass.
Result<std::unique_ptr<Life>> start_process(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch,
                                            Listener& listener);
Result<std::unique_ptr<Life>> start_thread(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch,
                                           Listener& listener);

}  // namespace kclhost::host::worker
