#include "simulation/world.hpp"

namespace kclhost::host::simulation {
namespace {

// A world that is not over by then makes no progress. The longest sound ones need a tenth of this.
constexpr std::size_t most_steps = 400'000;

Memory& shared_memory() {
  static Memory memory;
  return memory;
}

}  // namespace

World::World(std::uint64_t seed, bool story)
    : chance_(seed),
      story_(story),
      setting_(chance_),
      promises_(setting_),
      disk_(static_cast<std::size_t>(setting_.config.concurrency)),
      memory_(shared_memory()),
      file_(setting_.first_program),
      trouble_left_(setting_.trouble) {
  now_.wall_ms = setting_.wall_ms;
  const config::OnError& on_error = setting_.config.on_error;
  tell(setting_.size(), "records,", setting_.config.concurrency, "lanes, then", static_cast<int>(on_error.then),
       "bisect", on_error.bisect, "attempts", on_error.retry.max_attempts, "checkpoints for itself", file_.checkpoints,
       "flush", static_cast<int>(file_.flush), "trouble", trouble_left_, "in flight",
       setting_.config.in_flight.max_records, setting_.config.in_flight.max_bytes);
  for (std::uint32_t i = 0; i < setting_.size(); ++i) {
    const Record& record = setting_.records[i];
    if (record.fault != Fault::none) tell("record", i, "fault", static_cast<int>(record.fault), record.left);
  }
}

void World::run() {
  while (!over_) live();
  promises_.over(undisturbed());
}

// Nothing but the records can do harm, and each can be found: the daemon must not notice.
bool World::undisturbed() const {
  if (setting_.trouble != 0 || !setting_.gives_up() || setting_.ends_hosts) return false;
  for (const Record& record : setting_.records) {
    if (record.fault == Fault::hangs) return false;
  }
  return !setting_.first_program.checkpoints || setting_.first_program.flush == Program::Flush::checkpoints;
}

bool World::trouble(double rate) {
  if (trouble_left_ == 0 || !chance_(rate)) return false;
  --trouble_left_;
  return true;
}

// ---- A host's life

void World::live() {
  if (steps_ != 0 && setting_.trouble != 0 && chance_(0.1)) change_lanes();
  tell("---- a host begins at", daemon_.recorded);
  daemon_.begin();
  promises_.life_begins(daemon_.recorded);
  workers_.clear();
  former_.clear();
  asides_.clear();
  releases_ = {file_};
  blemished_ = {false};
  wanted_ = 1;
  before_ = proven_ = 0;
  again_ = 0;
  paces_ = {};
  taken_ = false;
  file_is_new_ = false;
  looks_ = failed_starts_ = 0;
  protocol_broken_ = unloadable_ = dead_letters_failed_ = greeted_ = flush_returned_ = flushed_ = false;
  one_at_a_time_ = false;
  lane_synced_.assign(static_cast<std::size_t>(setting_.config.concurrency), false);
  start_failed_at_.assign(static_cast<std::size_t>(setting_.config.concurrency), Time(-1'000'000));
  shard_ = std::make_unique<Shard>(setting_.config, memory_, static_cast<std::uint32_t>(chance_.next()), now_);
  host_alive_ = true;
  if (setting_.trouble != 0 && chance_(0.1)) {  // an earlier host has left a trial
    releases_.push_back(chance_(0.6) ? setting_.spoilt(chance_) : setting_.another(chance_));
    blemished_.push_back(false);
    run_release(2, 1);
  }
  shard_->begin(now_);
  perform();
  while (host_alive_) step();
  if (daemon_.end_recorded) over_ = true;
}

// Somebody sets another concurrency before the next host begins.
void World::change_lanes() {
  if (file_.checkpoints || setting_.first_program.checkpoints) return;
  constexpr int lanes[] = {1, 2, 3, 8};
  setting_.config.concurrency = lanes[chance_.below(4)];
  disk_.set_lanes(static_cast<std::size_t>(setting_.config.concurrency));
  promises_.asides_may_come_again();
}

void World::step() {
  if (++steps_ > most_steps) throw Violation{"no progress: the world does not come to its end"};
  if (chance_(setting_.trouble_rate)) {
    something_happens();
    if (!host_alive_) return;
  }
  if (chance_(0.3)) now_.steady += Time(chance_.below(3)), now_.wall_ms += 1;
  // The daemon may take its time for a checkpoint. Who works meanwhile would be too slow.
  const auto is_in = [this](Worker::State state) {
    return std::count_if(workers_.begin(), workers_.end(), [state](const Worker& one) { return one.state == state; });
  };
  const auto waiting = is_in(Worker::State::waiting);
  const bool all_wait = waiting != 0 && waiting + is_in(Worker::State::idle) == std::ssize(workers_);
  if (all_wait && trouble(0.1)) now_.steady += Time(chance_.below(500));
  if (const std::uint32_t release = std::exchange(again_, 0); release != 0 && before_ == 0 && wanted_ == proven_) {
    run_release(release, wanted_);
    if (!host_alive_) return;
  }
  for (const Worker& worker : workers_) {
    // Asked to stop, it has some time to do so.
    const bool hangs = worker.state == Worker::State::hanging && worker.limit != never && !worker.wished;
    if (hangs && now_.steady - worker.called_at > worker.limit + worker.limit / 10 + Time(1'000)) {
      throw Violation{"what is on trial hangs, and holds the shard up"};
    }
  }
  choices();
  if (choices_.empty()) return let_time_pass();
  take(choices_[chance_.below(choices_.size())]);
}

void World::choices() {
  choices_.clear();
  if (shard_->deadline() <= now_.steady) choices_.push_back({What::on_time, 0});
  if (daemon_.wish && !daemon_.gone) {
    choices_.push_back({What::checkpoint_answer, 0});
  } else if (shard_->wants_message() && !daemon_.gone) {
    choices_.push_back({What::message, 0});
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const Worker& worker = workers_[i];
    const Worker::State state = worker.state;
    const bool goes_on = state == Worker::State::starting || state == Worker::State::in_call ||
                         state == Worker::State::dying || (state == Worker::State::idle && worker.armed) ||
                         (state == Worker::State::hanging && worker.stop_requested && worker.number % 2 == 0);
    if (goes_on) choices_.push_back({What::worker, i});
    const bool works = state == Worker::State::idle || state == Worker::State::in_call;
    if (works && worker.program.acknowledges && !worker.abandoned && !worker.buffered.empty()) {
      choices_.push_back({What::acknowledgement, i});
    }
  }
  for (std::size_t i = 0; i < asides_.size(); ++i) choices_.push_back({What::aside_result, i});
  if (looks_ > 0) choices_.push_back({What::look_result, 0});
}

void World::take(const Choice& choice) {
  switch (choice.what) {
    case What::on_time: {
      shard_->on_time(now_);
      const bool acted = !shard_->actions().empty();
      perform();
      return check_deadline(acted);
    }
    case What::message:
      return daemon_goes_on();
    case What::checkpoint_answer:
      return answer_checkpoint();
    case What::worker:
      return worker_goes_on(choice.index);
    case What::acknowledgement:
      return acknowledge(workers_[choice.index]);
    case What::aside_result: {
      const Aside aside = asides_[choice.index];
      asides_.erase(asides_.begin() + static_cast<std::ptrdiff_t>(choice.index));
      if (aside.fails) dead_letters_failed_ = true;
      tell("the dead letters of lane", aside.lane, aside.fails ? "can't be written" : "are written");
      shard_->set_aside_done(aside.lane, aside.fails ? "no space left on device" : "", now_);
      perform();
      check_that_it_stops();
      return;
    }
    case What::look_result: {
      --looks_;
      const bool is_new = std::exchange(file_is_new_, false);
      if (!is_new && setting_.config.on_error.then == config::Then::block && chance_(0.2)) {
        // Somebody has mended what the shard waits for.
        file_ = setting_.first_program;
        file_.cured = true;
        stage(file_);
      } else if (is_new) {
        stage(file_);
      }
      if (!host_alive_) return;
      tell("there was a look for a release");
      shard_->looked(now_);
      return perform();
    }
  }
}

void World::let_time_pass() {
  const Time next = shard_->deadline();
  if (next == never) throw Violation{"stuck: nothing can happen, and the shard waits for no time"};
  tell("nothing happens for", (next - now_.steady).count(), "ms");
  if (next > now_.steady) {
    now_.wall_ms += (next - now_.steady).count();
    now_.steady = next;
  }
  shard_->on_time(now_);
  const bool acted = !shard_->actions().empty();
  perform();
  check_deadline(acted);
}

void World::check_deadline(bool acted) {
  if (host_alive_ && !acted && shard_->deadline() <= now_.steady) {
    throw Violation{"spins: the deadline has passed, and on_time did nothing about it"};
  }
}

void World::host_ends(bool with_machine) {
  if (!host_alive_) return;
  host_alive_ = false;
  tell(with_machine ? "the machine goes down" : "the host is gone");
  if (daemon_.wish && chance_(0.5)) daemon_.record(*daemon_.wish);
  daemon_.wish.reset();
  bool lost = false;
  if (with_machine) disk_.machine_ends(chance_);
  if (daemon_.lease_is_lost && chance_(0.3)) {
    disk_.clear();
    lost = true;
  }
  promises_.life_ends(lost);
  shard_->actions().clear();
}

}  // namespace kclhost::host::simulation
