#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"
#include "conformance/stage.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

// What an acknowledging plugin, asked to finish, has left.
void judge_held(const Play& play, const Course& course, const std::string& done) {
  if (course.held == 0 || course.stuck || !play.subject.about.acknowledges()) return;
  play.report.add({.key = "not acknowledged",
                   .done = done,
                   .did = std::to_string(course.held) + " records were neither acknowledged nor rejected in time",
                   .mend = "acknowledge each record once its work is safe; finish what is held when finish is called"});
}

}  // namespace

void lease_lost(Play& play) {
  const std::string done = "the lease was lost";
  Stage stage(play.subject, Plan(play.subject));
  stage.initialize() && stage.deliver(play.records.usual(30)) && stage.deliver(play.records.usual(1)) &&
      stage.lease_lost() && (!play.subject.about.acknowledges() || stage.idle(200ms));
  stage.close();
  judge(stage.course(), done, play.report);
  if (stage.course().acknowledged_late == 0) return;
  play.report.add(
      {.weight = Weight::warning,
       .key = "acknowledged late",
       .done = done,
       .did = std::to_string(stage.course().acknowledged_late) + " records were acknowledged after lease_lost returned",
       .mend = "end the work in lease_lost: another worker has the shard, and does it again"});
}

void shutdown(Play& play) {
  const std::string done = "the worker was shut down";
  Stage stage(play.subject, Plan(play.subject));
  stage.initialize("LATEST") && stage.deliver(play.records.usual(40)) && stage.deliver(play.records.usual(3)) &&
      stage.shutdown_requested() && stage.lease_lost();
  stage.close();
  judge(stage.course(), done, play.report);
  judge_held(play, stage.course(), done);
}

void shard_ended(Play& play) {
  const std::string done = "the shard ended";
  Stage stage(play.subject, Plan(play.subject));
  const Records before = play.records.usual(1);
  const bool answered = stage.initialize(before.front().sequence_number) && stage.deliver(play.records.usual(25)) &&
                        stage.deliver(play.records.usual(5)) && stage.shard_ended();
  stage.close();
  const std::size_t before_this = play.report.count(Weight::fault);
  judge(stage.course(), done, play.report);
  if (!answered || stage.course().end_recorded || play.report.count(Weight::fault) != before_this) return;
  play.report.add(
      {.key = "shard end",
       .done = done,
       .did = "its end could not be checkpointed: some of its records are not done",
       .mend = "finish, and acknowledge, all that is held when finish is called: the shards that follow wait"});
}

// The daemon's process is killed; what held the plugin then ends in good order, exit handlers included.
void daemon_gone(Play& play) {
  Plan plan(play.subject);
  plan.config.worker.orderly_exit = true;
  Stage stage(play.subject, plan);
  stage.initialize("AT_TIMESTAMP") && stage.deliver(play.records.usual(20));
  stage.close();
  judge(stage.course(), "the daemon went away, and the process ended by exit()", play.report);
}

void no_records(Play& play) {
  enum class End { gone, lease_lost, shutdown, shard_ended };
  for (const End end : {End::gone, End::lease_lost, End::shutdown, End::shard_ended}) {
    Stage stage(play.subject, Plan(play.subject));
    if (stage.initialize()) {
      if (end == End::lease_lost) stage.lease_lost();
      if (end == End::shutdown) stage.shutdown_requested() && stage.lease_lost();
      if (end == End::shard_ended) stage.shard_ended();
    }
    stage.close();
    judge(stage.course(), "the shard ended, or was taken away, before its first record", play.report);
  }
}

// Empty batches and ticks, for those that want them, and time in which threads may fail.
void idle_shard(Play& play) {
  Stage stage(play.subject, Plan(play.subject));
  stage.initialize() && stage.deliver({}) && stage.deliver(play.records.usual(10)) && stage.deliver({}) &&
      stage.idle(300ms) && stage.deliver({}) && stage.shutdown_requested() && stage.lease_lost();
  stage.close();
  judge(stage.course(), "the shard was idle, with empty batches", play.report);
}

}  // namespace kclhost::host::conformance
