#include "conformance/stage.hpp"

#include <algorithm>
#include <chrono>

#include "support/wall_clock.hpp"
#include "worker/host_table.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

constexpr const char* shard_id = "shardId-000000000007";
// More of them in one life say nothing new.
constexpr std::size_t most_deaths = 60;

Now now() {
  using namespace std::chrono;
  return {duration_cast<Time>(Clock::now().time_since_epoch()), wall_clock_ms()};
}

}  // namespace

Plan::Plan(const Subject& subject) {
  config.plugin.path = subject.path();
  config.plugin.config_json = subject.config_json;
  config.on_error.retry = {4, 1ms, 1ms};
  config.on_error.then = config::Then::dead_letter;
  config.checkpoint.retry = {1, 1ms, 1ms};
  config.timeouts = {subject.timeout, subject.timeout, subject.timeout, subject.timeout};
}

Stage::Stage(const Subject& subject, Plan plan)
    : subject_(subject),
      plan_(std::move(plan)),
      shard_(plan_.config, memory_, static_cast<std::uint32_t>(subject.seed), now()) {}

Stage::~Stage() = default;

// ---- The daemon

bool Stage::initialize(std::string_view sequence_number, std::int64_t sub_sequence_number) {
  shard_.begin(now());
  shard_.initialize(shard_id, sequence_number, sub_sequence_number, {}, now());
  return answered();
}

bool Stage::deliver(std::span<const Record> records) {
  if (over() || !turn_until([this] { return shard_.wants_message(); })) return false;
  const auto batch = lay_out(records, buffer_);
  if (!batch) {
    course_.end = "there is no memory for a batch";
    return false;
  }
  for (std::size_t i = 0; i < batch->count; ++i) given_.push_back(Position::of(*batch, i));
  shard_.process_records(*batch, now());
  return answered();
}

bool Stage::lease_lost() {
  if (over()) return false;
  shard_.lease_lost(now());
  const bool done = answered();
  lease_lost_ = true;
  return done;
}

bool Stage::shard_ended() {
  if (over()) return false;
  shard_.shard_ended(now());
  const bool done = answered();
  course_.end_recorded = shard_.shard_end_recorded();
  return done;
}

bool Stage::shutdown_requested() {
  if (over()) return false;
  shard_.shutdown_requested(now());
  const bool done = answered();
  for (const auto& lane : shard_.lanes()) {
    if (lane->holds_records()) course_.held += lane->delivery().accepted() - lane->delivery().finished();
  }
  return done;
}

bool Stage::idle(Time duration) {
  const auto until = Clock::now() + duration;
  return !over() && turn_until([until] { return Clock::now() >= until; });
}

void Stage::release() {
  settled_ = false;
  if (!over()) shard_.run_release(++releases_, 0, now());
  // The other one is created beside this one, which is flushed while the daemon waits for an answer.
  while (!over() && !settled_ && idle(1ms) && deliver({})) {
  }
}

void Stage::close() {
  if (!over()) {
    shard_.daemon_gone(false, now());
    turn_until([] { return false; });
  }
  course_.covered = static_cast<std::uint64_t>(
      std::count_if(given_.begin(), given_.end(), [this](const Position& one) { return !(recorded_ < one); }));
}

bool Stage::answered() {
  status_ = false;
  return turn_until([this] { return status_; });
}

// ---- The loop

bool Stage::turn_until(const std::function<bool()>& done) {
  constexpr auto soon = 20ms;  // for what nothing wakes the loop for
  for (;;) {
    carry_out();
    if (over()) return false;
    if (std::exchange(checkpoint_sent_, false)) {
      const std::size_t number = course_.checkpoints++;
      const bool refused = plan_.refuse && plan_.refuse->first == number;
      refused_ |= refused;
      if (!refused && sent_) recorded_ = *sent_;
      if (refused && plan_.refuse->second.status == KCLHOST_SHUTDOWN) {
        for (const auto& one : lives_) told_lease_lost_.insert(one->id());
      }
      shard_.checkpoint_answered(refused ? plan_.refuse->second : CheckpointAnswer{}, now());
      continue;
    }
    if (done()) return true;
    Clock::time_point next = Clock::now() + soon;
    if (const Time shard = shard_.deadline(); shard != never) next = std::min(next, Clock::time_point(shard));
    for (const auto& one : lives_) next = std::min(next, one->deadline());
    loop_.turn(next);
    carry_out();
    on_time();
  }
}

void Stage::on_time() {
  const auto clock = Clock::now();
  for (std::size_t i = 0; i < lives_.size(); ++i) {
    if (lives_[i]->deadline() <= clock) lives_[i]->on_time(clock);
  }
  if (shard_.deadline() <= now().steady) shard_.on_time(now());
  for (const WorkerId worker : buried_) {
    std::erase_if(lives_, [worker](const auto& one) { return one->id() == worker; });
  }
  buried_.clear();
}

void Stage::carry_out() {
  while (!shard_.actions().empty() && !over()) {
    acting_.clear();
    acting_.swap(shard_.actions());
    for (const Action& one : acting_) {
      if (!over()) std::visit([this](const auto& what) { act(what); }, one);
    }
  }
}

// ---- What the shard asks for

worker::Life* Stage::life(WorkerId worker) {
  const auto found = std::find_if(lives_.begin(), lives_.end(), [&](const auto& one) { return one->id() == worker; });
  return found == lives_.end() ? nullptr : found->get();
}

void Stage::act(const action::StartWorker& start) {
  auto started = worker::start_process(start.worker,
                                       {.staged_path = subject_.path(),
                                        .plugin_path = subject_.path(),
                                        .config_json = subject_.config_json,
                                        .application = "conformance",
                                        .stream = "conformance",
                                        .lane = start.lane,
                                        .lane_count = static_cast<std::uint32_t>(plan_.config.concurrency),
                                        .most_held = plan_.config.in_flight.max_records,
                                        .orderly_exit = plan_.config.worker.orderly_exit},
                                       loop_, &buffer_, *this);
  if (!started) {
    course_.end = started.error();
    return;
  }
  lives_.push_back(std::move(*started));
}

void Stage::act(const action::CallWorker& call) {
  worker::Life* const one = life(call.worker);
  if (one == nullptr) return;
  told_lease_lost_.erase(call.worker);
  if (refused_ && worker::may_checkpoint(call.request.call)) ++course_.calls_since_refused;
  course_.calls.push_back({call.worker, call.request.call, false, {}, {}});
  one->call(call.number, call.request);
}

void Stage::act(const action::AnswerCheckpoint& answer) {
  const auto& given = answer.answer;
  const bool planned =
      plan_.refuse && (plan_.refuse->second.status == given.status || given.status == KCLHOST_SHUTDOWN);
  if (!given.ok() && !planned) course_.refusals.push_back(given.name + ": " + given.message);
  if (worker::Life* one = life(answer.worker)) one->answer_checkpoint(answer.number, given);
}

void Stage::act(const action::RequestStop& stop) {
  if (worker::Life* one = life(stop.worker)) one->request_stop(stop.why);
}

void Stage::act(const action::KillWorker& kill) {
  // One that was never called is not needed any more.
  const bool called = std::any_of(course_.calls.begin(), course_.calls.end(),
                                  [&](const CallMade& made) { return made.worker == kill.worker; });
  // The release that goes may reject what it holds: the next one is asked about that, and it is ended before.
  const bool condemned = kill.kind == Death::Kind::misbehaved && kill.soon;
  if (!called || condemned) killed_.insert(kill.worker);
  if (worker::Life* one = life(kill.worker)) one->kill(kill.kind, kill.message);
}

void Stage::act(const action::LetGo& gone) {
  std::erase_if(lives_, [&gone](const auto& one) { return one->id() == gone.worker; });
}

void Stage::act(const action::SendCheckpoint& checkpoint) {
  checkpoint_sent_ = true;
  sent_.reset();
  if (!checkpoint.sequence_number) return;
  sent_.emplace();
  sent_->set(*checkpoint.sequence_number, checkpoint.sub_sequence_number.value_or(0));
}

void Stage::act(const action::WriteDeadLetters& write) {
  for (const auto& one : write.letters) {
    course_.letters.push_back(
        {std::string(one.sequence_number), one.sub_sequence_number, write.error_code, write.error_text});
  }
  shard_.set_aside_done(write.lane, "", now());
}

void Stage::act(const action::LookForRelease&) {
  shard_.looked(now());
}

void Stage::act(const action::ReleaseRefused& refused) {
  settled_ = true;
  course_.complaints.push_back("an instance of a new release could not take over: " + refused.why);
}

void Stage::act(const action::End& end) {
  ended_ = true;
  if (end.exit_code != 0) course_.end = end.message;
}

// ---- What the workers say

CallMade* Stage::call_of(WorkerId worker) {
  for (auto call = course_.calls.rbegin(); call != course_.calls.rend(); ++call) {
    if (call->worker == worker) return call->over ? nullptr : &*call;
  }
  return nullptr;
}

void Stage::loaded(WorkerId worker, const Descriptor& about) {
  shard_.loaded(worker, about, now());
}

void Stage::not_loaded(WorkerId worker, const std::string& why) {
  course_.loading = why;
  course_.stuck = true;
  shard_.not_loaded(worker, why, now());
}

void Stage::outcome(WorkerId worker, CallNumber number, const Outcome& outcome) {
  Outcome told = outcome;
  if (CallMade* call = call_of(worker)) {
    call->over = true;
    call->outcome = outcome;
    if (!outcome.ok() && (call->call == Call::create || call->call == Call::initialize)) course_.stuck = true;
    if (call->call == Call::process_records) {
      const std::size_t batch = batches_++;
      if (plan_.kill.contains(batch)) {
        killed_.insert(worker);
        life(worker)->kill(Death::Kind::signal, "killed by the scene");
        return;
      }
      if (plan_.fail.contains(batch)) told = {.status = KCLHOST_FAILED, .message = "failed by the scene"};
    }
  }
  shard_.outcome(worker, number, told, 0, now());
}

void Stage::wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                             std::int64_t sub_sequence_number) {
  if (told_lease_lost_.contains(worker)) ++course_.stubborn_checkpoints;
  shard_.wants_checkpoint(worker, call, sequence_number, sub_sequence_number, now());
}

void Stage::log(WorkerId, std::int32_t, std::string_view source, std::string_view text) {
  if (source == "stdout") course_.printed.emplace_back(text);
  if (source == "host") course_.complaints.emplace_back(text);
}

void Stage::acknowledged(WorkerId worker, RecordId first, std::uint64_t count) {
  const CallMade* const call = call_of(worker);
  if (lease_lost_ && (call == nullptr || call->call != Call::destroy)) course_.acknowledged_late += count;
  shard_.acknowledged(worker, first, count, now());
}

void Stage::rejected(WorkerId worker, RecordId record, std::string_view reason) {
  shard_.rejected(worker, record, reason, now());
}

void Stage::wants_ticks(WorkerId worker, std::uint32_t interval_ms) {
  shard_.wants_ticks(worker, Time(interval_ms), now());
}

void Stage::ended(WorkerId worker, const Death* death) {
  buried_.push_back(worker);
  CallMade* const call = call_of(worker);
  const bool planned = killed_.contains(worker);
  if (death != nullptr && !planned) {
    if (call != nullptr) {
      call->death = *death;
    } else {
      course_.deaths_between_calls.push_back(*death);
    }
    // A hang costs the whole timeout each time, and an instance that does not come up would be started for ever.
    const bool late = death->kind == Death::Kind::timeout;
    const bool coming_up = call == nullptr || call->call == Call::create || call->call == Call::initialize;
    course_.stuck |= late || coming_up || ++deaths_ >= most_deaths;
  }
  if (call != nullptr) call->over = true;
  shard_.ended(worker, death, now());
}

}  // namespace kclhost::host::conformance
