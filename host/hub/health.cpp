#include "hub/health.hpp"

#include <algorithm>

#include "support/json_out.hpp"

namespace kclhost::host::hub {
namespace {

// How long a host may leave a question unanswered: it asks nobody else, and waits for nothing but what its loop brings.
constexpr std::int64_t patience_with_host_ms = 5'000;

std::string seconds(std::int64_t ms) {
  return std::to_string(ms / 1000) + " s";
}

std::string name_of(const Snapshot::Host& host) {
  const ShardState& state = host.state;
  return state.stream + " " + (state.shard.empty() ? "process " + std::to_string(host.pid) : state.shard);
}

void write_time(JsonOut& out, std::string_view name, std::int64_t ms) {
  out.key(name);
  ms == 0 ? out.null() : out.value(static_cast<double>(ms) / 1000);
}

enum class Log { without, with };

void write(JsonOut& out, const Snapshot::Host& host, std::int64_t now, std::chrono::milliseconds window,
           Log log = Log::without) {
  const ShardState& state = host.state;
  const std::string trouble = trouble_of(host, now, window);
  out.open('{').member("stream", state.stream).member("shard", state.shard).member("pid", state.pid);
  out.member("ready", trouble.empty()).member("trouble", trouble);
  out.member("plugin", state.plugin).member("version", state.version).member("sha256", state.sha256);
  out.member("release", state.release).member("on_trial", state.on_trial);
  out.member("phase", state.phase).member("blocked", state.blocked);
  out.key("behind_latest_seconds");
  state.behind_ms < 0 ? out.null() : out.value(static_cast<double>(state.behind_ms) / 1000);
  out.member("position", state.position).member("checkpoint", state.checkpoint);
  write_time(out, "checkpoint_time", state.checkpoint_ms);
  write_time(out, "uncovered_since", state.uncovered_since_ms);
  write_time(out, "waiting_since", state.waiting_since_ms);
  write_time(out, "checkpoints_fail_since", state.checkpoints_fail_since_ms);
  out.member("checkpoint_error", state.checkpoint_error).member("finished", state.finished);
  out.member("unfinished", state.unfinished);
  out.member("dead_letters", state.dead_letters).member("skipped", state.skipped).member("restarts", state.restarts);
  write_time(out, "error_time", state.error_ms);
  out.member("error", state.error);
  write_time(out, "started", state.started_ms);
  write_time(out, "heard", host.heard_ms);
  out.key("lanes").open('[');
  for (const ShardState::Lane& lane : state.lanes) {
    out.open('{').member("lane", lane.lane).member("worker", lane.worker).member("generation", lane.generation);
    out.close('}');
  }
  out.close(']');
  if (log == Log::with) {
    out.key("log").open('[');
    for (const std::string& line : state.log) out.value(line);
    out.close(']');
  }
  out.close('}');
}

}  // namespace

std::string trouble_of(const Snapshot::Host& host, std::int64_t now, std::chrono::milliseconds window) {
  const ShardState& state = host.state;
  if (host.asked_ms != 0 && now - host.asked_ms > patience_with_host_ms) {
    return "its host has not answered for " + seconds(now - host.asked_ms);
  }
  const std::int64_t waiting = state.waiting_since_ms == 0 ? 0 : now - state.waiting_since_ms;
  if (waiting > window.count()) {
    return state.phase + " has not got on for " + seconds(waiting) + (state.blocked ? ": blocked by a record" : "");
  }
  if (state.checkpoints_fail_since_ms != 0) {
    return "checkpoints have failed for " + seconds(now - state.checkpoints_fail_since_ms) + ": " +
           state.checkpoint_error;
  }
  return {};
}

bool is_alive(const Snapshot& snapshot) {
  const std::vector<LaunchState> daemons = snapshot.daemons();
  return std::any_of(daemons.begin(), daemons.end(), [](const LaunchState& one) { return one.daemon_pid != 0; });
}

std::vector<std::string> troubles(const Snapshot& snapshot, std::chrono::milliseconds window) {
  std::vector<std::string> lines;
  for (const LaunchState& one : snapshot.daemons()) {
    if (one.daemon_pid == 0) lines.push_back((one.name.empty() ? "" : one.name + ": ") + "the daemon does not run");
  }
  for (const Snapshot::Host& host : snapshot.hosts) {
    const std::string why = trouble_of(host, snapshot.taken_ms, window);
    if (!why.empty()) lines.push_back(name_of(host) + ": " + why);
  }
  return lines;
}

std::string shards_json(const Snapshot& snapshot, std::chrono::milliseconds window) {
  const LaunchState& launch = snapshot.launch;
  std::vector<const Snapshot::Host*> hosts;
  for (const Snapshot::Host& host : snapshot.hosts) {
    if (!host.state.shard.empty()) hosts.push_back(&host);
  }
  std::sort(hosts.begin(), hosts.end(), [](const auto* one, const auto* other) {
    return std::pair(one->state.stream, one->state.shard) < std::pair(other->state.stream, other->state.shard);
  });
  JsonOut out;
  out.open('{').member("time", static_cast<double>(snapshot.taken_ms) / 1000).key("launch").open('{');
  out.member("version", launch.version).member("application", launch.application).member("stream", launch.stream);
  out.member("worker", launch.worker).member("metrics", launch.metrics).member("pid", launch.pid);
  write_time(out, "started", launch.started_ms);
  out.member("daemon", is_alive(snapshot)).member("stopping", launch.stopping).close('}');
  if (!snapshot.streams.empty()) out.key("streams").open('[');
  for (const LaunchState& one : snapshot.streams) {
    out.open('{').member("name", one.name).member("application", one.application).member("stream", one.stream);
    out.member("worker", one.worker).member("pid", one.pid);
    write_time(out, "started", one.started_ms);
    out.member("daemon", one.daemon_pid != 0).member("restarts", one.restarts).close('}');
  }
  if (!snapshot.streams.empty()) out.close(']');
  out.member("ready", troubles(snapshot, window).empty()).key("shards").open('[');
  for (const Snapshot::Host* const host : hosts) write(out, *host, snapshot.taken_ms, window);
  return out.close(']').close('}').take() + "\n";
}

std::optional<std::string> shard_json(const Snapshot& snapshot, std::string_view stream, std::string_view shard,
                                      std::chrono::milliseconds window) {
  const auto host = std::find_if(snapshot.hosts.begin(), snapshot.hosts.end(), [&](const Snapshot::Host& one) {
    return one.state.stream == stream && one.state.shard == shard && !shard.empty();
  });
  if (host == snapshot.hosts.end()) return std::nullopt;
  JsonOut out;
  out.open('{').member("time", static_cast<double>(snapshot.taken_ms) / 1000).key("shard");
  write(out, *host, snapshot.taken_ms, window, Log::with);
  return out.close('}').take() + "\n";
}

}  // namespace kclhost::host::hub
