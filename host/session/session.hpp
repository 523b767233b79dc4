// One shard's life in this process: what `kclhost run` does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "policy/checkpoints.hpp"
#include "processor/processor.hpp"
#include "session/batch_run.hpp"
#include "session/daemon_link.hpp"
#include "session/lane.hpp"
#include "session/plugin_source.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::session {

// Answers the daemon's messages with the plugin's calls. One thread, one event loop.
class Session final : private processor::Services, private policy::CheckpointRoute {
 public:
  // Protocol lines are read from `in` and written to `out`; nobody else may write there. The plugin begins to load at
  // once. Throws Stop when its file is not fit to be loaded.
  Session(const config::Config& config, observe::Log& log, int in, int out);
  ~Session();

  // Runs until the daemon closes the stream. Throws Stop when it ends sooner.
  void run();

 private:
  void handle(const protocol::Message& message);
  void initialize(const protocol::Message& message);
  void process_records(const protocol::Message& message);
  void lease_lost();
  void shard_ended();
  void shutdown_requested();
  void farewell();

  void bring_up();
  void bring_up(Lane& lane);
  // The same call to every lane, one after the other; true when all succeeded. Failures are logged.
  bool call_all(processor::Call call);
  bool host_checkpoints() const { return !lanes_.front()->descriptor().checkpoints_itself(); }
  // What the daemon must be told when a plugin names no sub-sequence number: the last one of this record it was given.
  std::optional<std::int64_t> last_sub_sequence_number(std::string_view sequence_number) const;

  // processor::Services
  processor::CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                                         std::int64_t sub_sequence_number) override;
  void log(std::int32_t level, std::string_view source, std::string_view text) override;
  bool log_enabled(std::int32_t level) override;
  void metric(std::int32_t kind, std::string_view name, double value) override;
  // policy::CheckpointRoute
  processor::CheckpointAnswer exchange(std::optional<std::string_view> sequence_number,
                                       std::optional<std::int64_t> sub_sequence_number) override;
  bool pause(config::Milliseconds duration) override;
  void warn(std::string_view text) override;

  const config::Config& config_;
  observe::Log& log_;
  EventLoop loop_;
  SharedBuffer batch_buffer_;
  DaemonLink daemon_;
  PluginSource source_;
  policy::Checkpoints checkpoints_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  ShardState shard_;
  std::unique_ptr<BatchRun> batch_run_;  // from initialize on
  bool ending_ = false;                  // in shard_ended: the only checkpoint is that of everything
};

}  // namespace kclhost::host::session
