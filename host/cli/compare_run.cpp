#include "cli/compare_run.hpp"

#include <algorithm>

#include "plugin/file.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli::comparison {

using Kind = Verdict::Kind;

std::uint64_t Run::count(Kind kind) const {
  return static_cast<std::uint64_t>(
      std::count_if(verdicts.begin(), verdicts.end(), [kind](const Verdict& one) { return one.kind == kind; }));
}

Trial::Trial(const config::Config& config, const std::filesystem::path& plugin, observe::Log& log)
    : config_(config), log_(log), worker_(loop_, buffer_, interruption_, log, *this) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(plugin, error);
  if (error) throw Failure{exit_plugin, "plugin " + plugin.string() + " can't be found: " + error.message()};
  const Result<plugin::File> file = plugin::read_file(path);
  if (!file) throw Failure{exit_plugin, file.error()};
  run_.path = path.string();
  run_.sha256 = file->sha256;
}

Run Trial::run(const replay::Script& script, const std::string& shard_id) {
  shard_id_ = shard_id;
  for (const replay::Batch& batch : script.batches) {
    std::string line = batch.line;
    while (line.ends_with('\n')) line.pop_back();
    const std::size_t size = line.size();
    line.append(protocol::BatchDecoder::overread, '\0');
    const Result<protocol::Message> message = decoder_.decode({line.data(), size});
    if (!message) throw Failure{exit_usage, message.error()};
    const Batch& records = message->batch;
    const std::size_t first = run_.verdicts.size();
    run_.verdicts.resize(first + records.count);
    for (std::size_t i = 0; i < records.count; ++i)
      names_.push_back({std::string(records.sequence_number(i)), records.entry(i).sub_sequence_number});
    if (records.count != 0) deliver(records, first);
  }
  if (worker_.alive()) call({.call = Call::shutdown_requested}, config_.timeouts.shutdown);
  worker_.destroy(config_.timeouts.shutdown);
  auto metrics = observe::MetricTotals::parse(totals_.json());
  if (metrics) run_.metrics = std::move(*metrics);
  return std::move(run_);
}

CalledWorker::Called Trial::call(const Request& request, config::Milliseconds timeout) {
  CalledWorker::Called called = worker_.call(request, timeout, config_.timeouts.shutdown);
  if (interruption_.wanted()) throw Failure{exit_stopped, "interrupted by " + interruption_.signal_name()};
  if (!worker_.alive()) ++run_.deaths;
  run_.resident = std::max(run_.resident, worker_.resident_memory());
  return called;
}

void Trial::bring_up() {
  if (worker_.alive()) return;
  given_.clear();
  open_ = 0;
  metric_names_.clear();
  worker::Spec spec{.staged_path = run_.path,
                    .plugin_path = run_.path,
                    .config_json = config_.plugin.config_json,
                    .most_held = config_.in_flight.max_records,
                    .log_level = static_cast<std::int32_t>(config_.log.level),
                    .max_memory = config_.worker.max_memory,
                    .core_dumps = config_.worker.core_dumps,
                    .orderly_exit = config_.worker.orderly_exit};
  const auto timeout = config_.timeouts.initialize;
  const auto loaded = worker_.load(std::move(spec), timeout, config_.timeouts.shutdown);
  if (!loaded.ok) throw Failure{exit_plugin, "plugin " + run_.path + ": " + loaded.message};
  run_.id = worker_.about().id;
  run_.version = worker_.about().version;
  log_.set_plugin(run_.id, run_.version);
  const auto created = call({.call = Call::create, .shard_id = shard_id_}, timeout);
  if (!created.ok) throw Failure{exit_plugin, "plugin " + run_.path + " can't be used: " + created.message};
  const auto called =
      call({.call = Call::initialize, .shard_id = shard_id_, .sequence_number = "TRIM_HORIZON"}, timeout);
  if (!called.ok) throw Failure{exit_stopped, "plugin " + run_.path + " can't be initialized: " + called.message};
}

void Trial::deliver(const Batch& batch, std::size_t first) {
  bring_up();
  for (std::size_t i = 0; i < batch.count; ++i) {
    given_.push_back(first + i);
    run_.verdicts[first + i] = {};
  }
  open_ += batch.count;
  const auto begin = Clock::now();
  const auto called = call({.call = Call::process_records, .batch = batch}, config_.timeouts.process_records);
  run_.time += Clock::now() - begin;
  if (called.ok) {
    if (worker_.about().acknowledges()) return flush(batch, first);
    for (std::size_t i = 0; i < batch.count; ++i) {
      Verdict& verdict = run_.verdicts[first + i];
      if (verdict.kind == Kind::untried) verdict.kind = Kind::accepted;
    }
    return;
  }
  if (batch.count == 1) {
    Verdict& verdict = run_.verdicts[first];
    if (verdict.kind == Kind::untried) verdict = {Kind::failed, called.code + ": " + called.message};
    return;
  }
  const std::uint32_t half = batch.count / 2;
  deliver(batch.slice(0, half), first);
  deliver(batch.slice(half, batch.count - half), first + half);
}

// What it still holds then, it may never have finished.
void Trial::flush(const Batch& batch, std::size_t first) {
  const auto timeout = config_.timeouts.shutdown;
  const auto flushed = call({.call = Call::flush}, timeout);
  if (flushed.ok) worker_.wait_for([this] { return open_ == 0; }, timeout);
  for (std::size_t i = 0; i < batch.count; ++i) {
    Verdict& verdict = run_.verdicts[first + i];
    if (verdict.kind == Kind::untried)
      verdict = {Kind::unfinished, flushed.ok ? "not acknowledged" : flushed.code + ": " + flushed.message};
  }
}

void Trial::acknowledged(RecordId first, std::uint64_t count) {
  for (RecordId record = first; record < first + count; ++record)
    run_.verdicts[given_.at(record)] = {Kind::accepted, {}};
  open_ -= std::min<std::size_t>(open_, count);
}

void Trial::rejected(RecordId record, std::string_view reason) {
  run_.verdicts[given_.at(record)] = {Kind::rejected, one_line(reason)};
  open_ -= std::min<std::size_t>(open_, 1);
}

void Trial::metric_made(std::uint32_t metric, const kclhost_metric_spec& spec) {
  metric_names_.resize(std::max<std::size_t>(metric_names_.size(), metric + std::size_t{1}));
  metric_names_[metric] = observe::MetricName(spec);
}

void Trial::metric(std::uint32_t metric, double value) {
  totals_.take(metric_names_.at(metric), value);
}

}  // namespace kclhost::host::cli::comparison
