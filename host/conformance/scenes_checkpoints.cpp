#include <algorithm>
#include <array>

#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"
#include "conformance/stage.hpp"

namespace kclhost::host::conformance {
namespace {

const std::array<CheckpointAnswer, 6>& refusals() {
  static const std::array<CheckpointAnswer, 6> all{{
      {KCLHOST_SHUTDOWN, "ShutdownException", "the lease is lost: another worker owns the shard"},
      {KCLHOST_THROTTLING, "ThrottlingException", "the lease table throttles"},
      {KCLHOST_INVALID_STATE, "InvalidStateException", "the lease table is missing"},
      {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "a service could not be reached"},
      {KCLHOST_ILLEGAL_ARGUMENT, "IllegalArgumentException", "the sequence number was never delivered"},
      {KCLHOST_OTHER_EXCEPTION, "NullPointerException", "something else"},
  }};
  return all;
}

// A life with every chance to checkpoint: in calls with records, in a flush, and at the end.
Course live(Play& play, bool shard_ends, std::optional<std::pair<std::size_t, CheckpointAnswer>> refuse) {
  Plan plan(play.subject);
  plan.config.in_flight.max_records = 25;
  plan.refuse = std::move(refuse);
  Stage stage(play.subject, plan);
  if (stage.initialize()) {
    const bool delivered = stage.deliver(play.records.usual(10)) && stage.deliver(play.records.usual(20));
    if (delivered && shard_ends) stage.shard_ended();
    if (delivered && !shard_ends) stage.shutdown_requested() && stage.lease_lost();
  }
  stage.close();
  return stage.course();
}

// What a passing error kept from the lease table is there at the end of a life that had other chances.
void judge_forgotten(const Course& calm, const Course& course, const std::string& done, Report& report) {
  if (course.calls_since_refused == 0 || (!course.end && course.covered >= calm.covered)) return;
  report.add({.key = "forgot a checkpoint",
              .done = done,
              .did = "it never checkpointed those records again" +
                     (course.end ? ", and the shard stopped: " + *course.end
                                 : ": " + std::to_string(calm.covered - course.covered) + " stay unfinished"),
              .mend = "look at what checkpoint returns: what is refused is not done, and is to be tried again"});
}

}  // namespace

void refused_checkpoints(Play& play) {
  if (!play.subject.about.checkpoints_itself()) return;
  constexpr std::size_t most_chances = 8;  // who checkpoints more often does so alike
  for (const bool shard_ends : {false, true}) {
    const Course calm = live(play, shard_ends, std::nullopt);
    judge(calm, "it could checkpoint whenever it wanted", play.report);
    if (calm.stuck) return;
    const std::size_t chances = std::min(calm.checkpoints, most_chances);
    for (std::size_t chance = 0; chance < chances; ++chance) {
      for (const CheckpointAnswer& answer : refusals()) {
        const std::string done =
            "checkpoint " + std::to_string(chance + 1) + " of a life was answered with " + answer.name;
        const Course course = live(play, shard_ends, std::pair(chance, answer));
        judge(course, done, play.report, {.failures = true});
        if (course.stuck) return;
        if (retryable(answer.status) && !shard_ends) judge_forgotten(calm, course, done, play.report);
      }
    }
  }
}

}  // namespace kclhost::host::conformance
