// What goes wrong at any moment.
#include "simulation/world.hpp"

namespace kclhost::host::simulation {

void World::something_happens() {
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
      shard_->not_started(id, "forged", now_);
      break;
    default:
      shard_->not_loaded(id, "forged", now_);
  }
  perform();
}

void World::replace_file() {
  tell("the plugin's file is replaced");
  file_ = setting_.another(chance_);
  file_.loads = !chance_(0.3);
  file_is_new_ = true;
  if (chance_(0.5)) return;  // it is found when somebody looks
  const std::size_t kind = chance_.below(3);
  if (kind == 0) {
    sources_.push_back(file_);
    file_is_new_ = false;
    shard_->plugin_file(true, "", now_);
  } else if (kind == 1) {
    shard_->plugin_file(false, "it is no plugin", now_);
  } else {
    shard_->plugin_file(false, "", now_);
  }
  perform();
}

}  // namespace kclhost::host::simulation
