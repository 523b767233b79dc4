// Why a host may end, and what people do about it then.
#include <algorithm>

#include "simulation/world.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::simulation {

void World::judge_end(int exit_code, const std::string& message) {
  const std::string what = "the host ends with " + std::to_string(exit_code) + ": " + message;
  if (daemon_.gone) {
    const int right = daemon_.answered_all_when_gone ? exit_done : exit_broken_pipe;
    const bool stops = setting_.config.on_error.then == config::Then::stop && exit_code == exit_stopped;
    if (exit_code != right && !stops && !dead_letters_failed_) throw Violation{what + ", and the daemon was gone"};
    const Time patience = setting_.config.timeouts.shutdown * 2 + Time(5'000);
    if (now_.steady - gone_at_ > patience) throw Violation{"the host outlives its daemon by too long"};
    return;
  }
  if (protocol_broken_ && exit_code == exit_usage) return;
  const bool unfit =
      std::any_of(releases_.begin(), releases_.end(), [](const Program& one) { return one.checkpoints; });
  if (exit_code == exit_usage && !greeted_ && unfit && setting_.config.concurrency > 1) {
    file_ = setting_.first_program;
    return;
  }
  if (dead_letters_failed_ && exit_code == exit_stopped) return;
  const bool stops = setting_.config.on_error.then == config::Then::stop;
  if (message.find("plugin can't be used") != std::string::npos) {
    if (!stops || failed_starts_ < setting_.config.on_error.retry.max_attempts) throw Violation{what};
    file_.loads = true;
    return;
  }
  if (exit_code == exit_plugin) {
    if (!unloadable_ || greeted_) throw Violation{what};
    file_.loads = true;
    return;
  }
  if (message.find("in_flight") != std::string::npos && exit_code == exit_stopped) {
    const bool flushes = setting_.first_program.flush == Program::Flush::checkpoints;
    if (flushes || !flush_returned_) throw Violation{what};
    setting_.config.in_flight = {};
    return;
  }
  // By an earlier time of a clock that was set back it may have been too old.
  if (stops && exit_code == exit_stopped && promises_.may_stop(std::max(latest_wall_ms_, now_.wall_ms)))
    return mend_stop();
  throw Violation{what};
}

// Somebody mends what the host stopped on.
void World::mend_stop() {
  for (std::uint32_t i = 0; i < setting_.size(); ++i) {
    Record& record = setting_.records[i];
    if (promises_.own_failures(i) > 0) record.fault = Fault::none;
    if (promises_.too_old(i, now_.wall_ms)) record.arrival_ms = now_.wall_ms + 10'000'000'000;
  }
}

}  // namespace kclhost::host::simulation
