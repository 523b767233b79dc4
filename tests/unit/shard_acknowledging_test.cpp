// A shard whose plugin acknowledges, and what a plugin may say of single records.
#include <gmock/gmock.h>

#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

class Acknowledging : public ShardConversation {
 protected:
  Acknowledging() { config.checkpoint.interval = 0ms; }
  // The plugin returns from a batch, and the daemon may go on.
  void send_and_accept(unsigned first, unsigned last) {
    send(first, last);
    over(called(Call::process_records));
    EXPECT_TRUE(answered());
  }
  void load(WorkerId another) {
    Descriptor about;
    about.flags = KCLHOST_PLUGIN_ACKNOWLEDGES;
    shard->loaded(another, about, now);
  }
  void acknowledge(RecordId first, std::uint64_t count = 1) { shard->acknowledged(worker, first, count, now); }
};

TEST_F(Acknowledging, TheDaemonNeedNotWaitAndNothingIsCheckpointed) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send(1, 3);
  over(called(Call::process_records));
  EXPECT_FALSE(checkpoint());
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, AnOutgrownOneThatAlwaysHoldsSomethingIsReplaced) {
  config.worker.max_memory = 1'000;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send(1, 2);
  const auto call = called(Call::process_records);
  shard->outcome(call.worker, call.number, {}, 2'000, now);
  EXPECT_TRUE(answered());
  const auto start = take<action::StartWorker>();
  ASSERT_TRUE(start);
  load(start->worker);
  over(called(Call::create));
  EXPECT_EQ(called(Call::flush).worker, worker);
}

TEST_F(Acknowledging, RecordsThatAreSetAsideOneByOneAreOneNote) {
  config.on_error.then = config::Then::skip;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 5);
  for (const RecordId id : std::initializer_list<RecordId>{1, 2, 3}) shard->rejected(worker, id, "no good", now);
  JournalNotes notes;
  shard->journal(0, notes);
  std::vector<std::string> asides;
  for (const JournalNote& note : notes.all()) {
    if (note.aside) asides.push_back(note.first.str() + ".." + note.last.str());
  }
  EXPECT_THAT(asides, testing::ElementsAre("2/0..4/0"));
}

// The host hears of an outcome, and of the death right behind it, before it does what the outcome asks for.
TEST_F(Acknowledging, ACallThatWasNotSentHasNotFailed) {
  config.on_error.retry = {1, 0ms, 0ms};
  config.on_error.then = config::Then::skip;
  come_up(0);
  send(1, 4);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  if (shard->deadline() <= now.steady) pass(0ms);
  const auto half = called(Call::process_records);
  ASSERT_EQ(half.request.batch.count, 2u);
  over(half);
  const Death death{Death::Kind::signal, 9, "killed by SIGKILL"};
  shard->ended(worker, &death, now);
  EXPECT_FALSE(take<action::WriteCrashReport>());
  EXPECT_FALSE(take<action::CallWorker>());
  EXPECT_TRUE(take<action::StartWorker>());
}

TEST_F(Acknowledging, TheCheckpointWaitsForTheFirstRecordThatIsNotAcknowledged) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send(1, 4);
  const auto call = called(Call::process_records);
  acknowledge(1, 2);
  EXPECT_FALSE(checkpoint());
  acknowledge(0);
  EXPECT_EQ(checkpoint(), "3");
  over(call);
  EXPECT_TRUE(answered());
  acknowledge(3);
  send(5, 5);
  EXPECT_EQ(checkpoint(), "4");
}

TEST_F(Acknowledging, WhatIsNotAcknowledgedComesAgainWhenTheWorkerDies) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 4);
  acknowledge(0);
  acknowledge(2);
  const Death death{Death::Kind::signal, 9, "killed by SIGKILL"};
  shard->ended(worker, &death, now);
  const auto start = take<action::StartWorker>();
  ASSERT_TRUE(start);
  load(start->worker);
  EXPECT_EQ(take<action::CallWorker>()->request.call, Call::create);
  shard->outcome(start->worker, 1, {}, 0, now);
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.request.beginning, Beginning::restart);
  EXPECT_EQ(initialize.request.sequence_number, "1");
  shard->outcome(start->worker, 2, {}, 0, now);
  send(5, 5);
  pass(1min);
  const auto again = called(Call::process_records);
  EXPECT_EQ(again.request.batch.sequence_number(0), "2");
  EXPECT_EQ(again.request.first_id, 0u) << "another instance counts anew";
  over(again);
  over(called(Call::flush));  // so that the one that kills is found
  EXPECT_FALSE(take<action::CallWorker>());
  shard->acknowledged(start->worker, 0, 1, now);
  const auto behind = called(Call::process_records);
  EXPECT_EQ(behind.request.batch.sequence_number(0), "4");
}

TEST_F(Acknowledging, TheDaemonWaitsWhileTooMuchIsInFlight) {
  config.in_flight.max_records = 2;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send(1, 3);
  over(called(Call::process_records));
  EXPECT_FALSE(answered());
  acknowledge(0);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
}

// Records that come again have new numbers. They run out where an old record stays open, and only a flush ends that.
TEST_F(Acknowledging, IsFlushedWhereRecordsThatFailHaveTakenAllItsNumbers) {
  config.on_error.bisect = false;
  config.on_error.retry = {100, 1ms, 1ms};
  most_open = 4;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 1);
  send(2, 3);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  pass(1s);
  const auto flush = called(Call::flush);
  EXPECT_EQ(flush.request.finish, Finish::bisection);
  over(flush);
  EXPECT_FALSE(take<action::CallWorker>());
  acknowledge(0);
  const auto again = called(Call::process_records);
  EXPECT_EQ(again.request.batch.count, 2u) << "all that was tried";
  over(again);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, WhatIsDoneNeedsNoNumbers) {
  most_open = 3;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 3);
  EXPECT_FALSE(take<action::CallWorker>());
  send(4, 4);
  over(called(Call::flush));
  acknowledge(0, 3);
  EXPECT_EQ(called(Call::process_records).request.batch.count, 1u);
}

// The plugin looks up what it acknowledges by these numbers, in a call without records as well.
TEST_F(Acknowledging, AnEmptyBatchDoesNotSetTheNumbersBack) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES | KCLHOST_PLUGIN_EMPTY_BATCHES);
  send_and_accept(1, 3);
  acknowledge(0);
  send(4, 3);
  EXPECT_EQ(checkpoint(), "1");
  const auto empty = called(Call::process_records);
  EXPECT_EQ(empty.request.batch.count, 0u);
  EXPECT_EQ(empty.request.first_id, 3u);
  EXPECT_EQ(empty.request.oldest_id, 1u);
}

// A thread of the host can't be ended: whoever looks on with a debugger may go on.
TEST_F(Acknowledging, InTheHostsProcessTheFlushIsWaitedForAsLongAsItTakes) {
  config.isolation = config::Isolation::none;
  most_open = 3;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 3);
  send(4, 4);
  over(called(Call::flush));
  for (int i = 0; i < 2; ++i) {
    pass(config.timeouts.process_records);
    EXPECT_TRUE(told("3 records are not acknowledged"));
    while (take<action::Tell>()) {
    }
  }
  EXPECT_FALSE(take<action::KillWorker>());
  acknowledge(0, 3);
  EXPECT_EQ(called(Call::process_records).request.batch.count, 1u);
}

TEST_F(Acknowledging, InTheHostsProcessEachCallHasItsTime) {
  config.isolation = config::Isolation::none;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send(1, 1);
  const auto late = called(Call::process_records);
  for (int i = 0; i < 2; ++i) pass(config.timeouts.process_records);
  EXPECT_TRUE(take<action::KillWorker>());
  over(late);
  EXPECT_TRUE(answered());
  while (take<action::RequestStop>()) {
  }
  send(2, 2);
  called(Call::process_records);
  pass(config.timeouts.process_records);
  EXPECT_TRUE(take<action::RequestStop>());
}

// It may work on them in a thread of its own, and end the host between two calls.
TEST_F(Acknowledging, InTheHostsProcessWhatIsOpenIsToldToTheNextOne) {
  config.isolation = config::Isolation::none;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 3);
  const auto at_risk = [this] {
    JournalNotes notes;
    shard->journal(0, notes);
    std::vector<std::string> found;
    for (const JournalNote& note : notes.all()) {
      if (note.under_way) found.push_back(note.first.str() + ".." + note.last.str());
    }
    return found;
  };
  EXPECT_THAT(at_risk(), testing::ElementsAre("1/0..3/0"));
  while (take<action::WriteJournal>()) {
  }
  acknowledge(0, 2);
  EXPECT_TRUE(take<action::WriteJournal>());
  EXPECT_THAT(at_risk(), testing::ElementsAre("3/0..3/0"));
  acknowledge(2);
  EXPECT_THAT(at_risk(), testing::IsEmpty());
}

TEST_F(Acknowledging, TheShardsEndWaitsForWhatIsOpen) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 2);
  shard->shard_ended(now);
  over(called(Call::shard_ended));
  EXPECT_FALSE(checkpoint());
  acknowledge(0, 2);
  EXPECT_EQ(checkpoint(), "");
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, TheOneThatGetsWhatWasOpenAtTheShardsEndIsToldOfTheEnd) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 1);
  shard->shard_ended(now);
  over(called(Call::shard_ended));
  actions.clear();
  const Death death{Death::Kind::signal, 9, "killed by SIGKILL"};
  shard->ended(worker, &death, now);
  const auto start = take<action::StartWorker>();
  ASSERT_TRUE(start);
  load(start->worker);
  over(called(Call::create));
  over(called(Call::initialize));
  pass(1s);
  const auto again = called(Call::process_records);
  shard->acknowledged(start->worker, 0, 1, now);
  EXPECT_FALSE(answered()) << "it is at work";
  over(again);
  over(called(Call::shard_ended));
  EXPECT_EQ(checkpoint(), "");
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, AShutdownWaitsForWhatIsOpenAndNoLongerThanItMay) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 2);
  shard->shutdown_requested(now);
  over(called(Call::shutdown_requested));
  EXPECT_FALSE(answered());
  acknowledge(0);
  EXPECT_FALSE(answered());
  pass(config.timeouts.shutdown);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, OneThatTakesOverIsMadeOnceAllIsAcknowledged) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 2);
  shard->run_release(2, 0, now);
  const auto successor = take<action::StartWorker>();
  ASSERT_TRUE(successor);
  const WorkerId old = worker;
  load(successor->worker);
  over(called(Call::create));
  const auto flush = called(Call::flush);
  EXPECT_EQ(flush.worker, old);
  EXPECT_EQ(flush.request.finish, Finish::swap);
  over(flush);
  EXPECT_FALSE(take<action::CallWorker>());
  acknowledge(0, 2);
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.worker, successor->worker);
  EXPECT_EQ(initialize.request.beginning, Beginning::swap);
  over(initialize);
  EXPECT_EQ(called(Call::destroy).worker, old);
}

TEST_F(Acknowledging, NumbersThatWereNotGivenSayNothing) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);
  send_and_accept(1, 2);
  acknowledge(2, 100);
  shard->rejected(worker, 7, "no", now);
  send(3, 3);
  EXPECT_FALSE(checkpoint());
  EXPECT_FALSE(take<action::WriteDeadLetters>());
}

// ---- Verdicts

TEST_F(Acknowledging, ARejectedRecordIsSetAsideAtOnceAndTheRestGoesOn) {
  config.on_error.then = config::Then::dead_letter;
  come_up(0);
  send(1, 3);
  const auto call = called(Call::process_records);
  shard->rejected(worker, 1, "no JSON", now);
  const auto letters = take<action::WriteDeadLetters>();
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->letters.size(), 1u);
  EXPECT_EQ(letters->letters[0].sequence_number, "2");
  EXPECT_EQ(letters->letters[0].attempts, 1u);
  EXPECT_EQ(letters->error_code, "REJECTED");
  EXPECT_EQ(letters->error_text, "no JSON");
  shard->set_aside_done(0, "", now);
  over(call);
  EXPECT_EQ(checkpoint(), "3");
  EXPECT_TRUE(answered());
  EXPECT_FALSE(take<action::CallWorker>());
}

TEST_F(Acknowledging, ACheckpointPastARejectedRecordWaitsForItsDeadLetter) {
  config.on_error.then = config::Then::dead_letter;
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 3);
  const auto call = called(Call::process_records);
  shard->rejected(worker, 1, "no JSON", now);
  shard->wants_checkpoint(worker, call.number, std::nullopt, -1, now);
  EXPECT_FALSE(checkpoint());
  shard->set_aside_done(0, "", now);
  EXPECT_EQ(checkpoint(), "3");
  EXPECT_TRUE(take<action::AnswerCheckpoint>()->answer.ok());
}

TEST_F(Acknowledging, WhereNoneIsSetAsideACheckpointPastARejectedRecordIsRefused) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 3);
  const auto call = called(Call::process_records);
  shard->rejected(worker, 1, "no JSON", now);
  shard->wants_checkpoint(worker, call.number, "1", 0, now);
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_TRUE(take<action::AnswerCheckpoint>()->answer.ok());
  shard->wants_checkpoint(worker, call.number, "2", 0, now);
  EXPECT_FALSE(checkpoint());
  EXPECT_EQ(take<action::AnswerCheckpoint>()->answer.status, KCLHOST_INVALID_STATE);
}

TEST_F(Acknowledging, OfTwoRejectedRecordsThatBlockNoneIsForgotten) {
  come_up(0);  // then: block
  config.on_error.retry = {1, 1ms, 10ms};
  send(1, 3);
  auto call = called(Call::process_records);
  shard->rejected(worker, 0, "no", now);
  shard->rejected(worker, 1, "no", now);
  over(call);
  EXPECT_FALSE(answered());
  for (const char* const number : {"1", "2"}) {
    pass(1s);
    EXPECT_TRUE(take<action::LookForRelease>());
    shard->looked(now);
    call = called(Call::process_records);
    EXPECT_EQ(call.request.batch.count, 1u);
    EXPECT_EQ(call.request.batch.sequence_number(0), number);
    over(call);
  }
  EXPECT_EQ(checkpoint(), "1");
  EXPECT_EQ(checkpoint(), "3");
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, AShardGoesOnOnceTheRecordThatBlocksHasPassedAndNotBefore) {
  config.on_error.retry = {1, 1ms, 10ms};
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);  // then: block
  send_and_accept(1, 1);
  send(2, 2);
  over(called(Call::process_records), {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_TRUE(told("the shard waits"));
  shard->run_release(2, 0, now);
  Descriptor about;
  about.flags = KCLHOST_PLUGIN_CHECKPOINTS;
  shard->loaded(take<action::StartWorker>().value().worker, about, now);
  for (const Call call : {Call::create, Call::flush, Call::initialize, Call::destroy}) over(called(call));
  pass(1s);
  EXPECT_TRUE(take<action::LookForRelease>());
  shard->looked(now);
  auto call = called(Call::process_records);
  EXPECT_EQ(call.request.batch.sequence_number(0), "1");
  over(call);
  EXPECT_FALSE(told("the shard goes on"));
  call = called(Call::process_records);
  EXPECT_EQ(call.request.batch.sequence_number(0), "2");
  over(call);
  EXPECT_TRUE(told("the shard goes on"));
}

TEST_F(Acknowledging, AShardThatDoesNotBisectGoesOnOnceAllThatItWaitedForHasPassed) {
  config.on_error.retry = {1, 1ms, 10ms};
  config.on_error.bisect = false;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send(1, 3);
  auto call = called(Call::process_records);
  acknowledge(1);  // the second, in the middle of them
  over(call, {.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_TRUE(told("the shard waits"));
  pass(1s);
  EXPECT_TRUE(take<action::LookForRelease>());
  shard->looked(now);
  for (const char* const number : {"1", "3"}) {
    EXPECT_FALSE(told("the shard goes on")) << number;
    call = called(Call::process_records);
    EXPECT_EQ(call.request.batch.count, 1u);
    EXPECT_EQ(call.request.batch.sequence_number(0), number);
    over(call);
  }
  EXPECT_TRUE(told("the shard goes on"));
}

TEST_F(Acknowledging, AShardDoesNotGoOnWhileTheRecordThatBlocksIsRejectedAgain) {
  config.on_error.retry = {1, 1ms, 10ms};
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send(1, 1);
  auto call = called(Call::process_records);
  for (int i = 0; i < 3; ++i) {
    shard->rejected(worker, static_cast<RecordId>(i), "no", now);
    over(call);
    EXPECT_TRUE(told("the shard waits"));
    EXPECT_FALSE(told("the shard goes on"));
    pass(1s);
    EXPECT_TRUE(take<action::LookForRelease>());
    shard->looked(now);
    call = called(Call::process_records);
  }
  over(call);
  EXPECT_TRUE(told("the shard goes on"));
}

TEST_F(Acknowledging, AShardGoesOnOnceAFlushHasShownThatTheRecordsDoNotKill) {
  config.on_error.retry = {1, 1ms, 10ms};
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send_and_accept(1, 1);
  const Death death{Death::Kind::signal, 9, "killed by SIGKILL"};
  shard->ended(worker, &death, now);
  load(take<action::StartWorker>().value().worker);
  for (const Call call : {Call::create, Call::initialize}) over(called(call));
  send(2, 2);
  EXPECT_TRUE(told("the shard waits"));
  pass(1s);
  EXPECT_TRUE(take<action::LookForRelease>());
  shard->looked(now);
  over(called(Call::process_records));
  const auto flush = called(Call::flush);
  EXPECT_FALSE(told("the shard goes on"));
  over(flush);
  shard->acknowledged(flush.worker, 0, 1, now);
  EXPECT_TRUE(told("the shard goes on"));
}

TEST_F(Acknowledging, AShutdownDoesNotWaitForARejectedRecord) {
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send_and_accept(1, 2);
  shard->rejected(worker, 0, "no", now);
  acknowledge(1);
  shard->shutdown_requested(now);
  over(called(Call::shutdown_requested));
  EXPECT_TRUE(answered());
}

TEST_F(Acknowledging, ThatARejectedRecordIsLeftKeepsNoOtherPluginAway) {
  config.worker.max_memory = 1'000;
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send(1, 2);
  const auto call = called(Call::process_records);
  shard->rejected(worker, 0, "no", now);
  acknowledge(1);
  shard->outcome(call.worker, call.number, {}, 2'000, now);
  const auto start = take<action::StartWorker>();
  ASSERT_TRUE(start);
  load(start->worker);
  over(called(Call::create));
  EXPECT_EQ(called(Call::initialize).worker, start->worker);
}

TEST_F(Acknowledging, ThatARejectedRecordFailsKeepsNoOtherPluginAway) {
  config.on_error.retry = {1, 1ms, 10ms};
  come_up(KCLHOST_PLUGIN_ACKNOWLEDGES);  // then: block
  send(1, 2);
  auto call = called(Call::process_records);
  shard->rejected(worker, 0, "no", now);
  over(call);
  pass(1s);
  EXPECT_TRUE(take<action::LookForRelease>());
  shard->looked(now);
  call = called(Call::process_records);
  EXPECT_EQ(call.request.batch.count, 1u);
  over(call, {.status = KCLHOST_FAILED, .message = "no"});
  acknowledge(1);
  shard->run_release(2, 0, now);
  const auto start = take<action::StartWorker>();
  ASSERT_TRUE(start);
  load(start->worker);
  over(called(Call::create));
  EXPECT_EQ(called(Call::initialize).worker, start->worker) << "the other record is done";
}

TEST_F(Acknowledging, ARejectedRecordIsSetAsideWhereRecordsComeOneAtATime) {
  config.on_error.then = config::Then::dead_letter;
  config.concurrency = 2;
  shard.emplace(config, memory, 1, now);
  shard->begin(now);
  for (int i = 0; i < 2; ++i) load(take<action::StartWorker>().value().worker);
  JournalNote of_earlier_host;
  of_earlier_host.first.set("1", 0);
  of_earlier_host.last.set("1", 0);
  of_earlier_host.under_way = true;
  shard->initialize("shard", "TRIM_HORIZON", 0, {{of_earlier_host}, {of_earlier_host}}, now);
  for (int i = 0; i < 4; ++i) over(*take<action::CallWorker>());
  EXPECT_TRUE(answered());
  send(1, 1);
  const auto call = called(Call::process_records);
  EXPECT_EQ(call.request.attempt, 2u);
  shard->rejected(call.worker, 0, "no", now);
  over(call);
  EXPECT_TRUE(take<action::WriteDeadLetters>());
  EXPECT_FALSE(take<action::CallWorker>()) << "it has said what becomes of the record";
}

TEST_F(Acknowledging, OnlyARecordOfTheCallCanBeRejectedByAPluginThatReturns) {
  config.on_error.then = config::Then::skip;
  come_up(0);
  send(1, 2);
  over(called(Call::process_records));
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(answered());
  actions.clear();
  shard->rejected(worker, 1, "late", now);
  EXPECT_TRUE(shard->actions().empty());
}

TEST_F(Acknowledging, RetryAfterTakesThePlaceOfTheBackoff) {
  come_up(0);
  send(1, 1);
  Outcome busy{KCLHOST_FAILED, "429"};
  busy.retry_after_ms = 7'000;
  over(called(Call::process_records), busy);
  EXPECT_EQ(shard->deadline(), now.steady + 7s);
}

}  // namespace
}  // namespace kclhost::host
