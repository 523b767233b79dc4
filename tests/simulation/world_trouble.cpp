// What goes wrong at any moment.
#include <algorithm>

#include "simulation/world.hpp"

namespace kclhost::host::simulation {

void World::something_happens() {
  if (before_ != 0 && chance_(0.1)) return settle_trial();
  switch (chance_.below(8)) {
    case 0:
      if (trouble(0.5)) host_ends(chance_(0.3));
      return;
    case 1:
      if (trouble(0.5)) daemon_goes(false);
      return;
    case 2:
      if (trouble(0.7)) replace_file();
      return;
    case 3:  // a worker dies between calls, or while it waits for a checkpoint
      if (!workers_.empty()) die_between(workers_[chance_.below(workers_.size())]);
      return;
    case 4: {  // somebody sets the clock
      const std::int64_t by = static_cast<std::int64_t>(chance_.below(4'000)) - 2'000;
      latest_wall_ms_ = std::max(latest_wall_ms_, now_.wall_ms);
      now_.wall_ms += by;
      tell("the clock jumps by", by);
      return;
    }
    case 5:  // a slow moment
      now_.steady += Time(chance_.below(50));
      now_.wall_ms += 25;
      return;
    default:
      return forge();
  }
}

void World::die_between(Worker& worker) {
  if (worker.state != Worker::State::idle && worker.state != Worker::State::waiting) return;
  const Hands hands = in_hands(worker, true);
  if (trouble_left_ == 0 || (!daemon_.gone && !promises_.may_fail(hands))) return;
  if (worker.wish) {
    // The answer may come, and then it dies of the rest.
    auto rest = promises_.suspects(hands);
    std::erase_if(rest, [&](std::uint32_t i) { return i <= worker.wish->last; });
    if (!promises_.may_fail(rest)) return;
  }
  --trouble_left_;
  // With nothing in hand it is none that somebody else is asked about.
  const bool idle = worker.ready && worker.state == Worker::State::idle;
  if (!idle || (worker.program.holds() && !worker.given.empty())) blemish(worker);
  dies(worker, true);
}

// Something that is not the worker in hand, or not about the call in hand, speaks: nothing may come of it.
void World::forge() {
  WorkerId id{static_cast<std::uint32_t>(chance_.between(1, 50))};
  CallNumber number = chance_.between(0, 5);
  if (!former_.empty() && chance_(0.5)) {
    id = former_[chance_.below(former_.size())];
  } else if (!workers_.empty()) {
    const Worker& worker = workers_[chance_.below(workers_.size())];
    id = worker.id;
    const bool in_call = worker.state != Worker::State::idle && worker.state != Worker::State::starting;
    if (number == worker.number && in_call) ++number;
  } else {
    return;
  }
  tell("something says that it is worker", static_cast<std::uint32_t>(id), "in call", number);
  const Worker* const worker = find(id);
  if (worker != nullptr && worker->number == number && worker->state != Worker::State::idle) return;
  Death death{Death::Kind::signal, 9, "killed by SIGKILL", {}, true};
  switch (chance_.below(worker != nullptr ? 4 : 7)) {
    case 0:
      shard_->outcome(id, number, Outcome{chance_(0.5) ? KCLHOST_OK : KCLHOST_FAILED, "forged", 3}, 0, now_);
      break;
    case 1:
      shard_->wants_checkpoint(id, number, std::nullopt, -1, now_);
      break;
    case 2:
      shard_->acknowledged(id, worker != nullptr ? worker->next_id : 0, 100, now_);
      break;
    case 3:
      shard_->rejected(id, worker != nullptr ? worker->next_id + chance_.below(3) : 0, "forged", now_);
      break;
    case 4:
      shard_->ended(id, &death, now_);
      break;
    case 5:
      shard_->not_started(id, "forged", chance_(0.5), now_);
      break;
    default:
      shard_->not_loaded(id, "forged", now_);
  }
  perform();
}

void World::replace_file() {
  tell("the plugin's file is replaced");
  const std::uint32_t good = before_ != 0 ? before_ : wanted_;
  if (good == proven_ && chance_(0.4)) {  // for a trial, which comes to nothing when the host ends
    Program program = chance_(0.6) ? setting_.spoilt(chance_) : setting_.another(chance_);
    program.loads = !chance_(0.2);
    releases_.push_back(program);
    blemished_.push_back(false);
    return run_release(static_cast<std::uint32_t>(releases_.size()), good);
  }
  file_ = setting_.another(chance_);
  file_.loads = !chance_(0.3);
  file_is_new_ = true;
  if (chance_(0.5)) return;  // it is found when somebody looks
  file_is_new_ = false;
  stage(file_);
}

// It is to be run, and not on trial.
void World::stage(const Program& program) {
  releases_.push_back(program);
  blemished_.push_back(false);
  run_release(static_cast<std::uint32_t>(releases_.size()), 0);
}

void World::run_release(std::uint32_t release, std::uint32_t before) {
  tell("release", release, before != 0 ? "is on trial; before it there was" : "is wanted", before);
  taken_ = taken_ && release == wanted_;
  wanted_ = release;
  before_ = before;
  if (taken_ && before == 0) proven_ = release;
  shard_->run_release(release, before, now_);
  perform();
}

// The trial has gone well; or it is called off.
void World::settle_trial() {
  const bool good = releases_[wanted_ - 1].spoils == 0 && releases_[wanted_ - 1].loads;
  if (!good || chance_(0.3)) return run_release(before_, 0);
  file_ = releases_[wanted_ - 1];
  run_release(wanted_, 0);
}

}  // namespace kclhost::host::simulation
