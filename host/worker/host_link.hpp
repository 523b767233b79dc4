// The host, as a plugin's instance in a worker sees it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <optional>
#include <string_view>

#include "plugin/call.hpp"
#include "plugin/metrics.hpp"
#include "worker/channel.hpp"
#include "worker/control.hpp"

namespace kclhost::host::worker {

// The worker's side of the conversation. What is marked [any thread] may be used by the plugin's threads, also after
// the end: nothing is sent any more then.
class HostLink {
 public:
  // In a process of its own the worker ends with its host; on a thread of the host's it does not.
  enum class Where { own_process, host };

  HostLink(WorkerId worker, Where where, Channel channel, const Control& control);

  Channel::Received receive(Packet& packet) { return channel_.receive(packet, Channel::Wait::yes); }
  // False when the host is gone.
  bool send(Header header, std::initializer_list<std::string_view> texts = {}, Channel::Wait wait = Channel::Wait::yes);
  // What is sent from now on belongs to this call.
  void begin(CallNumber call) { call_ = call; }
  // This process is a child of the worker's, which has returned into the host's code. It must say nothing and end.
  bool in_forked_child() const;
  void end();

  // On the thread that receives, in a call.
  CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number, std::int64_t sub_sequence_number);
  bool log_enabled(std::int32_t level) const { return level >= control_.log_level.load(); }  // [any thread]
  void log(std::int32_t level, std::string_view text);                                       // [any thread]
  void metric_made(std::uint32_t number, const plugin::Metric& metric);                      // [any thread]
  void metric(std::uint32_t number, double value);                                           // [any thread]
  void rejected(RecordId record, std::string_view reason);                                   // [any thread]
  void ticks(std::uint32_t interval_ms);                                                     // [any thread]
  void refused(std::string_view what);                                                       // [any thread]
  // Something was acknowledged. It does not wait: a host that has yet to read other messages looks as well.
  void wake();                                                              // [any thread]
  std::int32_t should_stop() const { return control_.should_stop.load(); }  // [any thread]

 private:
  const WorkerId worker_;
  const Where where_;
  const pid_t pid_;
  Channel channel_;
  const Control& control_;
  std::atomic<CallNumber> call_{0};
  std::atomic<bool> over_{false};
};

}  // namespace kclhost::host::worker
