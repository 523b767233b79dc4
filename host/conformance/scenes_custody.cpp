#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"
#include "conformance/stage.hpp"

namespace kclhost::host::conformance {
namespace {

bool end_in_order(Stage& stage) {
  const bool done = stage.shutdown_requested() && stage.lease_lost();
  stage.close();
  return done;
}

}  // namespace

// The instance has done its work, and is given it again all the same, as after any failure.
void redelivery(Play& play) {
  Plan plan(play.subject);
  plan.fail = {1, 2, 3};
  Stage stage(play.subject, plan);
  stage.initialize() && stage.deliver(play.records.usual(10)) && stage.deliver(play.records.usual(12)) &&
      stage.deliver(play.records.usual(5));
  end_in_order(stage);
  judge(stage.course(), "the same records came again, up to the fourth time", play.report);
}

// Once while it has records in hand, and once more with the records that came again.
void worker_killed(Play& play) {
  Plan plan(play.subject);
  plan.kill = {1, 3};
  Stage stage(play.subject, plan);
  stage.initialize() && stage.deliver(play.records.usual(10)) && stage.deliver(play.records.usual(12)) &&
      stage.deliver(play.records.usual(7));
  end_in_order(stage);
  judge(stage.course(), "the worker was killed, and another instance began where it was", play.report);
}

void replacement(Play& play) {
  Stage stage(play.subject, Plan(play.subject));
  if (stage.initialize() && stage.deliver(play.records.usual(20))) {
    stage.release();
    stage.deliver(play.records.usual(20)) && stage.deliver(play.records.usual(20)) && stage.shard_ended();
  }
  stage.close();
  judge(stage.course(), "another instance took over, as for a new release of the plugin", play.report);
}

// What acknowledges is only waited for, which may rightly take long.
void full_flight(Play& play) {
  if (!play.subject.about.checkpoints_itself()) return;
  Plan plan(play.subject);
  plan.config.in_flight.max_records = 10;
  Stage stage(play.subject, plan);
  stage.initialize() && stage.deliver(play.records.usual(8)) && stage.deliver(play.records.usual(8)) &&
      stage.deliver(play.records.usual(8));
  end_in_order(stage);
  judge(stage.course(), "it held more records than in_flight.max_records allows", play.report);
}

void two_lanes(Play& play) {
  if (play.subject.about.checkpoints_itself()) return;
  Plan plan(play.subject);
  plan.config.concurrency = 2;
  Stage stage(play.subject, plan);
  stage.initialize() && stage.deliver(play.records.usual(60)) && stage.deliver(play.records.usual(1)) &&
      stage.deliver(play.records.usual(60));
  end_in_order(stage);
  judge(stage.course(), "two instances shared the shard, as with concurrency: 2", play.report);
}

}  // namespace kclhost::host::conformance
