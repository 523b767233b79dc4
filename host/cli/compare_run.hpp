// Gives a plugin records, to see what it makes of each.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/called_worker.hpp"
#include "cli/interruption.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "observe/metric_totals.hpp"
#include "protocol/batch_decoder.hpp"
#include "replay/script.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::cli::comparison {

// A problem that ends the command; the text is for the user.
struct Failure {
  int exit_code;
  std::string message;
};

struct Verdict {
  enum class Kind { untried, accepted, rejected, failed, unfinished } kind = Kind::untried;
  std::string why{};

  bool operator==(const Verdict&) const = default;
};

// What one plugin made of it all.
struct Run {
  std::string path, sha256, id, version;
  std::vector<Verdict> verdicts;     // by record
  std::chrono::nanoseconds time{0};  // in process_records
  std::uint64_t deaths = 0;
  std::uint64_t resident = 0;  // bytes, the most that a worker took
  std::vector<observe::NamedTotal> metrics;

  std::uint64_t count(Verdict::Kind kind) const;
};

struct RecordName {
  std::string sequence_number;
  std::int64_t sub_sequence_number;
};

// One use. A worker process, whatever `isolation` says; its checkpoints are answered with OK. A batch that fails is
// tried in halves, so that each record has its own verdict.
class Trial final : private CalledWorker::Custody {
 public:
  // Throws Failure when the plugin's file is not fit to be loaded.
  Trial(const config::Config& config, const std::filesystem::path& plugin, observe::Log& log);

  // Throws Failure when the plugin can't be loaded or initialized, or a signal came.
  Run run(const replay::Script& script, const std::string& shard_id);
  // Of the records that it was given.
  const std::vector<RecordName>& names() const { return names_; }

 private:
  void deliver(const Batch& batch, std::size_t first);
  void flush(const Batch& batch, std::size_t first);
  void bring_up();
  CalledWorker::Called call(const Request& request, config::Milliseconds timeout);
  void checkpointed(std::optional<std::string_view>, std::int64_t) override {}
  void acknowledged(RecordId first, std::uint64_t count) override;
  void rejected(RecordId record, std::string_view reason) override;
  void metric_made(std::uint32_t metric, const kclhost_metric_spec& spec) override;
  void metric(std::uint32_t metric, double value) override;

  const config::Config& config_;
  observe::Log& log_;
  EventLoop loop_;
  Interruption interruption_{loop_};
  SharedBuffer buffer_;
  protocol::BatchDecoder decoder_{buffer_};
  CalledWorker worker_;
  Run run_;
  std::string shard_id_;
  std::vector<RecordName> names_;
  std::vector<std::size_t> given_;  // records by their number in this worker
  std::size_t open_ = 0;            // of these, not acknowledged yet
  std::vector<observe::MetricName> metric_names_;
  observe::MetricTotals totals_;
};

}  // namespace kclhost::host::cli::comparison
