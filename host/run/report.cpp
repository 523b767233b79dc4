#include "run/report.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "hub/own_series.hpp"
#include "hub/packet.hpp"
#include "hub/socket.hpp"
#include "run/time_bounds.hpp"
#include "store/state_key.hpp"
#include "support/excerpt.hpp"
#include "support/process_memory.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::run {
namespace {

namespace own = hub::own;

constexpr std::chrono::seconds between_reports{1};
// The rest of a report that the socket had no room for goes on after so long.
constexpr std::chrono::milliseconds between_parts{100};
constexpr std::size_t longest_error = 500;
// Of the log, so that all of a state fits into a packet.
constexpr std::size_t most_lines = 20, longest_line = 700;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

const char* phase_name(Instance::Phase phase) {
  switch (phase) {
    case Instance::Phase::loading:
      return "loading";
    case Instance::Phase::loaded:
      return "loaded";
    case Instance::Phase::created:
      return "created";
    case Instance::Phase::ready:
      return "ready";
    case Instance::Phase::ending:
      return "ending";
  }
  return "";
}

Amount amount_of(const Batch& batch) {
  Amount amount;
  for (std::uint32_t i = 0; i < batch.count; ++i) amount.add(batch.entry(i));
  return amount;
}

Amount operator-(const Amount& one, const Amount& other) {
  return {one.records - std::min(one.records, other.records), one.bytes - std::min(one.bytes, other.bytes)};
}

Fd connect() {
  const char* const path = std::getenv(hub::hub_variable);
  return path == nullptr || *path == '\0' ? Fd() : hub::connect_to(path);
}

}  // namespace

Report::Report(const config::Config& config, const Shard& shard, EventLoop& loop, Sources sources)
    : config_(config),
      shard_(shard),
      loop_(loop),
      sources_(std::move(sources)),
      hub_(connect()),
      process_(hub::Reading::distribution(time_bounds())),
      checkpoint_(hub::Reading::distribution(time_bounds())) {
  if (!hub_) return;
  loop_.add(hub_.get(), [this] { hear(); });
  state_.stream = config.stream.empty() ? store::stream_name(config) : config.stream;
  state_.application = store::daemon_property(config, "applicationName");
  state_.pid = ::getpid();
  state_.started_ms = wall_clock_ms();
  state_.phase = "starting";
  send();  // so that one that gets no further is known, too
}

Report::~Report() {
  leave();
}

void Report::leave() {
  if (!hub_) return;
  loop_.remove(hub_.get());
  hub_.reset();
  due_ = Clock::time_point::max();
}

// ---- The daemon

void Report::message(const protocol::Message& message) {
  if (!hub_) return;
  if (message.action == protocol::Action::initialize) state_.shard = message.shard_id;
  state_.phase = message.action_text;
  busy_since_ms_ = wall_clock_ms();
  if (message.action != protocol::Action::process_records) return changed();
  const bool moved = state_.behind_ms != message.batch.millis_behind_latest;
  state_.behind_ms = message.batch.millis_behind_latest;
  if (message.batch.count != 0) {
    received_.add(amount_of(message.batch));
    if (state_.uncovered_since_ms == 0) state_.uncovered_since_ms = busy_since_ms_;
  }
  if (moved || message.batch.count != 0) return changed();
  // Nothing to tell, unless it is still there in a second.
  const bool idle = due_ == Clock::time_point::max();
  changed();
  due_for_idle_ = idle;
}

void Report::answered() {
  if (!hub_) return;
  state_.phase = "idle";
  busy_since_ms_ = 0;
  const bool was_for_idle = std::exchange(due_for_idle_, false);
  // The hub may have asked meanwhile, and been told of the message.
  if (sent_phase_ != state_.phase) {
    changed();
  } else if (was_for_idle) {
    due_ = Clock::time_point::max();
  }
}

void Report::checkpoint_sent() {
  if (hub_) checkpoint_begun_ = Clock::now();
}

void Report::checkpoint_answered(const CheckpointAnswer& answer) {
  if (!hub_) return;
  checkpoint_.observe(seconds_since(checkpoint_begun_));
  ++(answer.ok() ? checkpoints_ok_ : checkpoints_failed_);
  if (answer.ok()) {
    state_.checkpoint_ms = wall_clock_ms();
    state_.checkpoints_fail_since_ms = 0;
    state_.checkpoint_error.clear();
  } else if (answer.status != KCLHOST_SHUTDOWN) {
    if (state_.checkpoints_fail_since_ms == 0) state_.checkpoints_fail_since_ms = wall_clock_ms();
    state_.checkpoint_error = answer.name;
  }
  changed();
}

// ---- The workers

void Report::started(const action::StartWorker& start) {
  if (!hub_) return;
  workers_.push_back({start.worker, start.lane});
  LaneHistory& lane = lanes_[start.lane];
  if (lane.started) ++restarts_[static_cast<std::size_t>(lane.last_end)];
  lane = {.started = true};
  changed();
}

void Report::called(const action::CallWorker& call) {
  const Call what = call.request.call;
  const bool with_records = what == Call::process_records && call.request.batch.count != 0;
  if (!hub_ || !(with_records || what == Call::create || what == Call::initialize)) return;
  if (call.request.attempt > 1) ++retries_;
  calls_.push_back({call.worker, call.number, what, Clock::now()});
}

void Report::outcome(WorkerId worker, CallNumber call, const Outcome& outcome) {
  if (!hub_) return;
  const auto open = std::find_if(calls_.begin(), calls_.end(),
                                 [&](const OpenCall& one) { return one.worker == worker && one.number == call; });
  if (open == calls_.end()) return;
  const OpenCall was = *open;
  calls_.erase(open);
  if (outcome.ok()) progress_ms_ = wall_clock_ms();
  if (was.call == Call::process_records) {
    process_.observe(seconds_since(was.begun));
    if (!outcome.ok()) ++failures_;
  } else if (!outcome.ok()) {
    for (Worker& one : workers_) one.failed |= one.worker == worker;
  }
  changed();
}

void Report::failed_to_start(WorkerId worker) {
  if (hub_) end_of(worker, Cause::failed_start);
}

void Report::let_go(WorkerId worker) {
  if (hub_) end_of(worker, Cause::replaced);
}

void Report::ended(WorkerId worker, const Death* death) {
  if (!hub_) return;
  for (const OpenCall& open : calls_) failures_ += open.worker == worker && open.call == Call::process_records ? 1 : 0;
  if (death == nullptr) return end_of(worker, Cause::replaced);
  constexpr std::pair<Death::Kind, Cause> kinds[] = {{Death::Kind::signal, Cause::signal},
                                                     {Death::Kind::exit, Cause::exit},
                                                     {Death::Kind::timeout, Cause::timeout},
                                                     {Death::Kind::misbehaved, Cause::misbehaved}};
  for (const auto& [kind, cause] : kinds) {
    if (death->kind == kind) end_of(worker, cause);
  }
}

void Report::end_of(WorkerId worker, Cause cause) {
  plugin_metrics_.forget(worker);
  std::erase_if(calls_, [worker](const OpenCall& one) { return one.worker == worker; });
  const auto found =
      std::find_if(workers_.begin(), workers_.end(), [worker](const Worker& one) { return one.worker == worker; });
  if (found == workers_.end()) return;
  lanes_[found->lane].last_end = cause == Cause::replaced && found->failed ? Cause::failed_start : cause;
  workers_.erase(found);
  changed();
}

void Report::metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) {
  if (hub_) (void)plugin_metrics_.make(worker, metric, spec);
}

void Report::metric(WorkerId worker, std::uint32_t metric, double value) {
  if (hub_ && plugin_metrics_.take(worker, metric, value)) changed();
}

void Report::swaps(const Swaps& swaps) {
  if (std::exchange(swaps_, swaps) != swaps) changed();
}

void Report::changed() {
  if (!hub_) return;
  due_for_idle_ = false;
  if (due_ == Clock::time_point::max()) due_ = Clock::now() + between_reports;
}

void Report::told(const action::Tell& tell) {
  if (!hub_ || tell.level < config::LogLevel::error) return;
  std::string text = tell.text;
  for (const auto& [key, value] : tell.fields) {
    if (std::string_view(key) == "error" && !value.empty()) text += ": " + value;
  }
  failed(text);
}

void Report::failed(const std::string& message) {
  if (!hub_ || message.empty()) return;
  state_.error = excerpt(message, longest_error);
  state_.error_ms = wall_clock_ms();
  changed();
}

// ---- Sending

void Report::on_time(Clock::time_point now) {
  if (due_ > now) return;
  due_ = Clock::time_point::max();
  due_for_idle_ = false;
  send();
}

void Report::last() {
  if (!hub_) return;
  state_.phase = "ended";
  busy_since_ms_ = 0;
  unsent_.clear();
  send();
  leave();
}

// The hub asks, or is gone.
void Report::hear() {
  char packet[256];
  const ssize_t size = ::recv(hub_.get(), packet, sizeof packet, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return leave();
  const auto asked = hub::Packet::read({packet, static_cast<std::size_t>(size)});
  if (asked && asked->type == hub::Type::report) send();
}

void Report::send() {
  if (!hub_) return;
  const bool goes_on = !unsent_.empty();
  if (!goes_on) unsent_ = packets();
  const std::size_t all = unsent_.size();
  while (!unsent_.empty()) {
    const std::string& packet = unsent_.front();
    if (::send(hub_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
    unsent_.pop_front();
  }
  if (unsent_.empty()) {
    if (goes_on) changed();  // since its packets were made
  } else if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
    const bool begun = goes_on || unsent_.size() != all;
    if (!begun) unsent_.clear();
    due_ = Clock::now() + (begun ? Clock::duration(between_parts) : Clock::duration(between_reports));
    due_for_idle_ = false;
  } else {
    leave();
  }
}

std::deque<std::string> Report::packets() {
  update();
  sent_phase_ = state_.phase;
  std::deque<std::string> all;
  all.push_back(hub::make_packet(hub::Type::shard, hub::to_json(state_)));
  const auto parts = hub::to_json(series(), hub::longest_packet / 2);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    all.push_back(hub::make_packet(hub::Type::metrics, parts[i], i, parts.size()));
  }
  return all;
}

Amount Report::unfinished() const {
  Amount all;
  for (const auto& lane : shard_.lanes()) all.add(lane->unfinished());
  return all;
}

// What only the shard knows.
void Report::update() {
  open_ = unfinished();
  const Amount finished = received_ - open_ - shard_.left_to_others();
  if (finished.records != finished_.records) progress_ms_ = wall_clock_ms();
  finished_ = finished;
  state_.waiting_since_ms = busy_since_ms_ == 0 ? 0 : std::max(busy_since_ms_, progress_ms_);
  state_.position = shard_.position().str();
  state_.checkpoint = shard_.recorded().none() ? "" : shard_.recorded().str();
  const bool covered = open_.records == 0 && !(shard_.recorded() < shard_.position());
  if (covered) {
    state_.uncovered_since_ms = 0;
  } else if (state_.uncovered_since_ms != 0) {
    state_.uncovered_since_ms = std::max(state_.uncovered_since_ms, state_.checkpoint_ms);
  }
  state_.finished = static_cast<std::int64_t>(finished.records);
  state_.unfinished = static_cast<std::int64_t>(open_.records);
  const auto aside = static_cast<std::int64_t>(shard_.set_aside().records);
  const bool skips = config_.on_error.then == config::Then::skip;
  (skips ? state_.skipped : state_.dead_letters) = aside;
  state_.restarts = 0;
  for (const std::uint64_t count : restarts_) state_.restarts += static_cast<std::int64_t>(count);
  state_.blocked = false;
  state_.lanes.clear();
  for (const auto& lane : shard_.lanes()) {
    const Instance* const worker = lane->serving();
    state_.blocked |= lane->blocked();
    state_.lanes.push_back({lane->number(), worker == nullptr ? "none" : phase_name(worker->phase()),
                            worker == nullptr ? 0 : static_cast<std::int64_t>(worker->generation())});
    if (!lane->about()) continue;
    state_.plugin = lane->about()->id;
    state_.version = lane->about()->version;
    if (worker == nullptr) continue;
    state_.release = std::to_string(worker->release());
    state_.sha256 = sources_.sha256(worker->release());
  }
  state_.on_trial = sources_.on_trial();
  state_.log = sources_.last_lines(most_lines);
  for (std::string& line : state_.log) {
    if (line.size() > longest_line) line.replace(longest_line, std::string::npos, "...");
  }
}

std::vector<hub::Series> Report::series() const {
  std::vector<hub::Series> all;
  const auto number = [&all](const hub::Family& family, double value, hub::Labels labels = {}) {
    all.push_back({family, std::move(labels), {.value = value, .sum = 0, .bounds = {}, .counts = {}}});
  };
  const auto count = [&number](const hub::Family& family, std::uint64_t value, hub::Labels labels = {}) {
    number(family, static_cast<double>(value), std::move(labels));
  };
  count(own::received_records, received_.records);
  count(own::received_bytes, received_.bytes);
  const Amount aside = shard_.set_aside();
  const Amount passed = finished_ - aside - shard_.aside_before();
  const bool skips = config_.on_error.then == config::Then::skip;
  const Amount nothing, skipped = skips ? aside : nothing, letters = skips ? nothing : aside;
  for (const auto& [outcome, amount] : {std::pair<const char*, Amount>{"processed", passed},
                                        {"skipped", skipped},
                                        {"dead_letter", letters},
                                        {"set_aside_before", shard_.aside_before()}}) {
    count(own::finished_records, amount.records, {{"outcome", outcome}});
    count(own::finished_bytes, amount.bytes, {{"outcome", outcome}});
  }
  count(own::in_flight_records, open_.records);
  count(own::in_flight_bytes, open_.bytes);
  all.push_back({own::process, {}, process_});
  count(own::retries, retries_);
  count(own::failures, failures_);
  for (std::size_t i = 0; i < causes; ++i) count(own::restarts, restarts_[i], {{"cause", cause_names[i]}});
  count(own::swaps, swaps_.taken, {{"result", "taken"}});
  count(own::swaps, swaps_.refused, {{"result", "refused"}});
  count(own::swaps, swaps_.undone, {{"result", "undone"}});
  count(own::checkpoints, checkpoints_ok_, {{"result", "recorded"}});
  count(own::checkpoints, checkpoints_failed_, {{"result", "failed"}});
  all.push_back({own::checkpoint, {}, checkpoint_});
  count(own::memory, resident_memory(::getpid()), {{"process", "host"}});
  count(own::memory, sources_.workers_memory(), {{"process", "workers"}});
  if (sources_.shadow) sources_.shadow(all);
  plugin_metrics_.add_to(all);
  return all;
}

}  // namespace kclhost::host::run
