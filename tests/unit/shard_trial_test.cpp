// How a shard goes about a release that is on trial.
#include <gtest/gtest.h>

#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

// Release 1 runs, and release 2 is put on trial. Each record has one try.
class Trial : public ShardConversation {
 protected:
  void on_trial(std::uint32_t flags = 0) {
    config.on_error.retry = {1, 1ms, 10ms};
    config.on_error.then = config::Then::skip;
    config.checkpoint.interval = 0ms;
    come_up(flags);
    flags_ = flags;
    old = worker;
    shard->run_release(2, 1, now);
    candidate = start(2);
  }
  // A worker of that release is started, and loads.
  WorkerId start(std::uint32_t release) {
    const auto one = take<action::StartWorker>();
    EXPECT_TRUE(one) << "no worker of release " << release;
    if (!one) return {};
    EXPECT_EQ(one->release, release);
    Descriptor about;
    about.id = "plugin";
    about.version = std::to_string(release);
    about.flags = flags_;
    shard->loaded(one->worker, about, now);
    return one->worker;
  }
  // The candidate is created, and so is another instance of the one before.
  void create_both() {
    over(called(Call::create));
    standby = start(1);
    const auto create = called(Call::create);
    EXPECT_EQ(create.worker, standby);
    over(create);
  }
  // The candidate has taken over.
  void take_over() {
    create_both();
    over(called(Call::initialize));
    shard->ended(called(Call::destroy).worker, nullptr, now);
    EXPECT_FALSE(take<action::StartWorker>());
  }
  bool undone() {
    const auto one = take<action::ReleaseUndone>();
    EXPECT_TRUE(!one || one->release == 2);
    return one.has_value();
  }

  WorkerId old{}, candidate{}, standby{};

 private:
  std::uint32_t flags_ = 0;
};

TEST_F(Trial, TheOldOneWorksOnWhileTheNewOneIsCreated) {
  on_trial();
  const auto create = called(Call::create);
  EXPECT_EQ(create.worker, candidate);
  send(1, 2);
  const auto batch = called(Call::process_records);
  EXPECT_EQ(batch.worker, old);
  over(create);
  standby = start(1);
  const auto standby_create = called(Call::create);
  EXPECT_EQ(standby_create.worker, standby);
  over(batch);
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(answered());
  send(3, 3);
  const auto next = called(Call::process_records);
  EXPECT_EQ(next.worker, old) << "there is none yet to go back to";
  over(standby_create);
  EXPECT_FALSE(take<action::CallWorker>()) << "the old one is not through with its batch";
  over(next);
  EXPECT_EQ(checkpoint(), "3");
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.worker, candidate);
  EXPECT_EQ(initialize.request.sequence_number, "3");
}

TEST_F(Trial, OneToGoBackToIsNotWaitedForWhereNoneCanBeHad) {
  on_trial();
  over(called(Call::create));
  standby = start(1);
  over(called(Call::create), {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_EQ(take<action::LetGo>()->worker, standby);
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.worker, candidate);
  over(initialize);
  pass(config.on_error.retry.max_backoff);
  EXPECT_EQ(take<action::StartWorker>()->release, 1u) << "it is tried again";
}

TEST_F(Trial, AShortageOfProcessesSaysNothingOfTheRelease) {
  on_trial();
  config.on_error.then = config::Then::stop;
  over(called(Call::create));
  standby = start(1);
  over(called(Call::create), {.status = KCLHOST_FAILED, .message = "no"});
  over(called(Call::initialize));
  shard->ended(called(Call::destroy).worker, nullptr, now);
  const Death death{Death::Kind::signal, 9, "killed by SIGKILL"};
  shard->ended(candidate, &death, now);
  const auto next = [this] {
    pass(config.on_error.retry.max_backoff);
    if (take<action::LookForRelease>()) shard->looked(now);
    const auto one = take<action::StartWorker>();
    EXPECT_TRUE(one);
    EXPECT_EQ(one->release, 2u);
    return one->worker;
  };
  for (int i = 0; i < 3; ++i) {
    shard->not_started(next(), "no process to be had", true, now);
    EXPECT_FALSE(take<action::ReleaseRefused>());
    EXPECT_FALSE(shard->ended());
  }
  shard->not_started(next(), "its file is gone", false, now);
  EXPECT_TRUE(take<action::ReleaseRefused>());
}

TEST_F(Trial, WhatTheNewOneFailsAtTheOldOneIsGiven) {
  on_trial();
  take_over();
  send(1, 2);
  auto batch = called(Call::process_records);
  EXPECT_EQ(batch.worker, candidate);
  while (take<action::Tell>()) {
  }
  over(batch, {.status = KCLHOST_FAILED, .message = "no"});
  std::vector<std::pair<const char*, std::string>> where;
  while (const auto told = take<action::Tell>()) {
    if (told->text.find("is given the same records") != std::string::npos) where = told->fields;
  }
  ASSERT_GE(where.size(), 2u);
  EXPECT_EQ(where[0].second, "1/0");
  EXPECT_EQ(where[1].second, "2/0");
  shard->ended(called(Call::destroy).worker, nullptr, now);
  auto next = called(Call::initialize);
  EXPECT_EQ(next.worker, standby);
  over(next);
  batch = called(Call::process_records);
  EXPECT_EQ(batch.worker, standby);
  EXPECT_EQ(batch.request.attempt, 1u) << "nothing was counted";
  EXPECT_EQ(batch.request.batch.count, 2u);
  EXPECT_FALSE(undone());
  over(batch);
  EXPECT_TRUE(undone());
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(answered());
  EXPECT_FALSE(take<action::StartWorker>());
}

TEST_F(Trial, ARecordMayBeToBlameOnceThePluginHasIt) {
  const Death seen{Death::Kind::signal, 9, "killed by SIGKILL"};
  Death unseen = seen;
  unseen.call_begun = false;
  on_trial();
  take_over();
  EXPECT_FALSE(shard->died_with_records(candidate, seen)) << "it has none";
  send(1, 1);
  over(called(Call::process_records));
  EXPECT_FALSE(shard->died_with_records(candidate, seen)) << "it has finished them";
  ASSERT_EQ(checkpoint(), "1");
  ASSERT_TRUE(answered());
  send(2, 2);
  called(Call::process_records);
  EXPECT_TRUE(shard->died_with_records(candidate, seen));
  EXPECT_FALSE(shard->died_with_records(candidate, unseen));
  EXPECT_FALSE(shard->died_with_records(standby, seen));
}

TEST_F(Trial, ARecordThatIsHeldMayBeToBlame) {
  on_trial(KCLHOST_PLUGIN_ACKNOWLEDGES);
  take_over();
  send(1, 1);
  over(called(Call::process_records));
  Death unseen{Death::Kind::signal, 9, "killed by SIGKILL"};
  unseen.call_begun = false;
  EXPECT_TRUE(shard->died_with_records(candidate, unseen));
}

TEST_F(Trial, WhatBothFailAtIsTheRecordsFault) {
  on_trial();
  take_over();
  send(1, 1);
  const auto batch = called(Call::process_records);
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV"};
  shard->ended(batch.worker, &death, now);
  over(called(Call::initialize));
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_FALSE(undone());
  EXPECT_EQ(checkpoint(), "1") << "it is skipped";
  EXPECT_TRUE(answered());
  const WorkerId again = start(2);
  EXPECT_EQ(called(Call::create).worker, again) << "the trial goes on";
}

TEST_F(Trial, ARejectionCountsForNothingBeforeTheOldOneHasSeenTheRecord) {
  on_trial();
  take_over();
  send(1, 1);
  const auto batch = called(Call::process_records);
  shard->rejected(batch.worker, 0, "no such thing", now);
  ASSERT_TRUE(take<action::KillWorker>());
  over(batch);
  EXPECT_FALSE(answered()) << "what it still says is not believed";
  const Death death{Death::Kind::misbehaved, 0, "ended"};
  shard->ended(batch.worker, &death, now);
  over(called(Call::initialize));
  over(called(Call::process_records));
  EXPECT_TRUE(undone());
  EXPECT_EQ(checkpoint(), "1");
}

TEST_F(Trial, ARejectionOfARecordThatIsLostWithTheLeaseIsNoFault) {
  on_trial(KCLHOST_PLUGIN_ACKNOWLEDGES);
  take_over();
  send(1, 1);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
  shard->rejected(candidate, 0, "no such thing", now);
  ASSERT_TRUE(take<action::KillWorker>());
  shard->lease_lost(now);
  const Death death{Death::Kind::misbehaved, 0, "ended"};
  shard->ended(candidate, &death, now);
  EXPECT_FALSE(undone());
  EXPECT_TRUE(answered());
}

// rollout.undo_on.crashes says what becomes of it; meanwhile the old one has the shard, and waits for no start.
TEST_F(Trial, OneThatDiesWithNothingInHandIsNotUndoneForThat) {
  on_trial();
  take_over();
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV"};
  shard->ended(candidate, &death, now);
  EXPECT_FALSE(undone());
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.worker, standby);
  over(initialize);
  const WorkerId again = start(2);
  EXPECT_EQ(called(Call::create).worker, again) << "the trial goes on";
  send(1, 1);
  EXPECT_EQ(called(Call::process_records).worker, standby);
}

TEST_F(Trial, OneThatIsUndoneGoesOnWhereMoreOfThatIsAllowed) {
  on_trial();
  take_over();
  send(1, 1);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  shard->ended(called(Call::destroy).worker, nullptr, now);
  over(called(Call::initialize));
  over(called(Call::process_records));
  EXPECT_TRUE(undone());
  shard->run_release(2, 1, now);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
  candidate = start(2);
  take_over();
  send(2, 2);
  EXPECT_EQ(called(Call::process_records).worker, candidate);
}

TEST_F(Trial, AnInitializeThatTakesTooLongLeavesTheOldOne) {
  on_trial();
  create_both();
  EXPECT_EQ(called(Call::initialize).worker, candidate);
  send(1, 1);
  EXPECT_FALSE(take<action::CallWorker>());
  pass(config.timeouts.swap);
  EXPECT_EQ(take<action::LetGo>()->worker, candidate);
  EXPECT_EQ(take<action::LetGo>()->worker, standby);
  const auto refused = take<action::ReleaseRefused>();
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->why.find("timeouts.swap"), std::string::npos);
  EXPECT_EQ(called(Call::process_records).worker, old);
  EXPECT_FALSE(take<action::StartWorker>()) << "it is not tried again";
}

// A release on trial with a limit for its calls; the one before takes 20 ms for a record.
class TrialThatHangs : public Trial {
 protected:
  // It has taken over, and is given the records from 2 to `last`.
  action::CallWorker hanging_call(Time limit, unsigned last = 2) {
    config.rollout.undo_on.call_longer_than = limit;
    config.on_error.retry = {1, 1ms, 10ms};
    config.on_error.then = config::Then::skip;
    config.checkpoint.interval = 0ms;
    come_up(0);
    send(1, 1);
    const auto first = called(Call::process_records);
    now.steady += 20ms;
    over(first);
    EXPECT_EQ(checkpoint(), "1");
    EXPECT_TRUE(answered());
    shard->run_release(2, 1, now);
    candidate = start(2);
    take_over();
    send(2, last);
    return called(Call::process_records);
  }
  // The one that hung is gone, and the standby is given its records.
  action::CallWorker second_opinion() {
    const auto killed = take<action::KillWorker>();
    EXPECT_TRUE(killed);
    if (!killed) return {};
    EXPECT_EQ(killed->kind, Death::Kind::timeout);
    EXPECT_TRUE(killed->soon);
    const Death death{killed->kind, 0, killed->message};
    shard->ended(killed->worker, &death, now);
    over(called(Call::initialize));
    return called(Call::process_records);
  }
};

TEST_F(TrialThatHangs, HoldsTheShardUpNoLongerThanItsLimit) {
  const auto hangs = hanging_call(500ms);
  EXPECT_EQ(hangs.request.timeout_ms, 500u) << "it is told";
  pass(500ms);
  EXPECT_EQ(take<action::RequestStop>()->worker, candidate);
  EXPECT_FALSE(take<action::KillWorker>());
  pass(50ms);
  const auto again = second_opinion();
  EXPECT_EQ(again.worker, standby);
  EXPECT_EQ(again.request.timeout_ms, 300'000u);
  EXPECT_EQ(again.request.attempt, 1u);
  over(again);
  const auto undone = take<action::ReleaseUndone>();
  ASSERT_TRUE(undone);
  EXPECT_NE(undone->why.find("longer than 500ms, which is what it has on trial (rollout.undo_on.call_longer_than)"),
            std::string::npos)
      << undone->why;
}

TEST_F(TrialThatHangs, MayTakeTenTimesAsLongAsTheOneBefore) {
  EXPECT_EQ(hanging_call(100ms).request.timeout_ms, 200u);
}

TEST_F(TrialThatHangs, HasMoreTimeForMoreRecords) {
  EXPECT_EQ(hanging_call(100ms, 4).request.timeout_ms, 600u);
}

TEST_F(TrialThatHangs, HasNeverMoreTimeThanAnyRelease) {
  config.timeouts.process_records = 400ms;
  EXPECT_EQ(hanging_call(500ms).request.timeout_ms, 400u);
  pass(400ms);
  pass(500ms);
  EXPECT_FALSE(take<action::KillWorker>()) << "nor is its end another";
}

TEST_F(TrialThatHangs, IsNotJudgedWhereNothingIsKnownOfTheOneBefore) {
  config.rollout.undo_on.call_longer_than = 500ms;
  on_trial();
  take_over();
  send(1, 1);
  EXPECT_EQ(called(Call::process_records).request.timeout_ms, 300'000u);
}

TEST_F(TrialThatHangs, IsNotTheOneToBlameWhereTheOneBeforeIsAsSlow) {
  hanging_call(500ms);
  pass(500ms);
  pass(50ms);
  const auto again = second_opinion();
  now.steady += 60ms;
  over(again);
  EXPECT_FALSE(undone()) << "it has just had more than a tenth of that time";
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(answered());
  const WorkerId next = start(2);
  EXPECT_EQ(called(Call::create).worker, next) << "the trial goes on";
}

// Ticks and flushes are compared with those of the one before, and with nothing else.
TEST_F(TrialThatHangs, HoldsTheShardUpNoLongerInATick) {
  config.rollout.undo_on.call_longer_than = 500ms;
  config.checkpoint.interval = 0ms;
  come_up(0);
  shard->wants_ticks(worker, 999ms, now);
  pass(1s);
  const auto tick = called(Call::tick);
  EXPECT_EQ(tick.request.timeout_ms, 300'000u);
  pass(70ms);
  over(tick);
  shard->run_release(2, 1, now);
  candidate = start(2);
  take_over();
  shard->wants_ticks(candidate, 999ms, now);
  send(1, 1);
  const auto records = called(Call::process_records);
  EXPECT_EQ(records.request.timeout_ms, 300'000u) << "nothing is known of that";
  over(records);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
  pass(1s);
  EXPECT_EQ(called(Call::tick).request.timeout_ms, 700u);
  pass(700ms);
  pass(70ms);
  const auto killed = take<action::KillWorker>();
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->worker, candidate);
  const Death death{killed->kind, 0, killed->message};
  shard->ended(candidate, &death, now);
  EXPECT_EQ(called(Call::initialize).worker, standby);
}

// What it holds kills it at last; the time since its last call is no call's.
TEST_F(TrialThatHangs, IsToBlameWhereItDiesLongAfterACallThatWasInTime) {
  config.rollout.undo_on.call_longer_than = 500ms;
  on_trial(KCLHOST_PLUGIN_ACKNOWLEDGES);
  const auto create = called(Call::create);
  send(1, 1);
  const auto first = called(Call::process_records);
  now.steady += 20ms;
  over(first);
  EXPECT_TRUE(answered());
  shard->acknowledged(old, 0, 1, now);
  over(create);
  standby = start(1);
  over(called(Call::create));
  over(called(Call::initialize));
  shard->ended(called(Call::destroy).worker, nullptr, now);
  send(2, 2);
  const auto batch = called(Call::process_records);
  EXPECT_EQ(batch.request.timeout_ms, 500u);
  over(batch);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
  pass(1s);
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV"};
  shard->ended(candidate, &death, now);
  over(called(Call::initialize));
  send(3, 3);
  const auto again = called(Call::process_records);
  EXPECT_EQ(again.worker, standby);
  now.steady += 60ms;
  over(again);
  shard->acknowledged(standby, 0, 1, now);
  EXPECT_TRUE(undone());
}

TEST_F(TrialThatHangs, HasAnotherLimitOnceThatIsConfigured) {
  hanging_call(500ms);
  shard->call_longer_than(700ms);
  pass(100ms);
  over({candidate, 3, {}});
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(answered());
  send(3, 3);
  EXPECT_EQ(called(Call::process_records).request.timeout_ms, 700u);
  shard->run_release(2, 0, now);
  over({candidate, 4, {}});
  EXPECT_EQ(checkpoint(), "3");
  EXPECT_TRUE(answered());
  send(4, 4);
  EXPECT_EQ(called(Call::process_records).request.timeout_ms, 300'000u) << "the trial is over";
}

TEST_F(Trial, ThatHasGoneWellNeedsNoStandby) {
  on_trial();
  take_over();
  shard->run_release(2, 0, now);
  EXPECT_EQ(take<action::LetGo>()->worker, standby);
  send(1, 1);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_EQ(checkpoint(), "1") << "it counts now, and the record is skipped";
}

// The one before is asked again and again, if it can't be told from a refusal that passes.
TEST_F(Trial, ALostLeaseEndsTheSearchForAnOpinion) {
  on_trial(KCLHOST_PLUGIN_CHECKPOINTS);
  take_over();
  send(1, 2);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  shard->ended(called(Call::destroy).worker, nullptr, now);
  over(called(Call::initialize));
  over(called(Call::process_records));
  const auto flush = called(Call::flush);
  refuse(flush, "2", {KCLHOST_SHUTDOWN, "ShutdownException", "not yours"});
  over(flush, {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_TRUE(answered());
  EXPECT_FALSE(undone());
  const auto next = take<action::CallWorker>();
  EXPECT_FALSE(next && next->request.call == Call::flush);
}

// What it holds it might still fail at: it is asked to finish it.
TEST_F(Trial, AnOpinionOfOneThatHoldsRecordsIsFlushed) {
  on_trial(KCLHOST_PLUGIN_ACKNOWLEDGES);
  take_over();
  send(1, 1);
  const auto batch = called(Call::process_records);
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV"};
  shard->ended(batch.worker, &death, now);
  over(called(Call::initialize));
  over(called(Call::process_records));
  EXPECT_FALSE(undone());
  over(called(Call::flush));
  EXPECT_FALSE(undone());
  shard->acknowledged(standby, 0, 1, now);
  EXPECT_TRUE(undone());
}

}  // namespace
}  // namespace kclhost::host
