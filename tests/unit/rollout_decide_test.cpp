// What becomes of releases.
#include "rollout/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kclhost::host::rollout {
namespace {

using config::RolloutStep;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime begin = 1'700'000'000'000;

class Rollout : public testing::Test {
 protected:
  Rollout() {
    state.application = "app";
    state.current = 3;
    state.current_content = "three";
    settings.bake = {config::Milliseconds{1'000}, 100};
  }

  Change change(WallTime after = 0) { return Change(state, begin + after, "shard-0"); }
  void start_trial() { change().found(4, "four"); }
  void decide(WallTime after = 0) { change(after).decide(live, settings); }
  // Shards a, b, … live.
  void shards(int count) {
    live.clear();
    for (int i = 0; i < count; ++i) live.push_back({.shard = std::string(1, static_cast<char>('a' + i)), .runs = 3});
  }
  // What the shards that have the release on trial say of it; the first of them had all the records.
  void processed(std::uint64_t records) {
    for (Report& report : live) {
      if (wanted(state, report.shard).release != 4) continue;
      report.runs = report.trial = 4;
      report.step = state.trial->step;
      report.step_records = std::exchange(records, 0);
    }
  }
  std::string had() const {
    std::string all;
    for (const Report& report : live) {
      if (wanted(state, report.shard).release == 4) all += report.shard;
    }
    return all;
  }
  Event last() const { return state.history.empty() ? Event{} : state.history.back(); }

  State state;
  config::Rollout settings;
  std::vector<Report> live;
};

TEST_F(Rollout, TheFirstReleaseIsCurrentOnceAShardHasTakenIt) {
  state = {};
  change().found(1, "one");
  EXPECT_EQ(state.current, 0u);
  EXPECT_EQ(wanted(state, "a"), (Wanted{1, 0})) << "until then everybody starts the candidate";
  change().found(2, "two");
  EXPECT_EQ(wanted(state, "a"), (Wanted{2, 0}));
  change().took(2);
  EXPECT_EQ(state.current, 2u);
  EXPECT_EQ(state.current_content, "two");
  EXPECT_EQ(last().what, What::first);
}

TEST_F(Rollout, OnlyTheStepsShardsHaveTheReleaseOnTrial) {
  shards(4);
  settings.steps = {{1, false}, {50, true}, {100, true}};
  start_trial();
  EXPECT_EQ(had(), "") << "nobody, before somebody has decided who";
  decide();
  EXPECT_EQ(had(), "a");
  EXPECT_EQ(wanted(state, "a"), (Wanted{4, 3}));
  EXPECT_EQ(wanted(state, "b"), (Wanted{3, 0}));
}

TEST_F(Rollout, StepByStepUntilItIsConfirmed) {
  shards(4);
  settings.steps = {{1, false}, {50, true}, {100, true}};
  start_trial();
  decide();
  for (const char* const next : {"ab", "abcd"}) {
    const WallTime from = state.trial->since - begin;
    processed(99);
    decide(from + 5'000);
    EXPECT_NE(had(), next) << "no data is no success";
    processed(100);
    decide(from + 999);
    EXPECT_NE(had(), next) << "too soon";
    decide(from + 1'000);
    EXPECT_EQ(had(), next);
    EXPECT_EQ(last().what, What::step);
  }
  processed(100);
  decide(state.trial->since - begin + 1'000);
  EXPECT_FALSE(state.trial);
  EXPECT_EQ(state.current, 4u);
  EXPECT_EQ(state.current_content, "four");
  EXPECT_EQ(state.before, 3u);
  EXPECT_EQ(last().what, What::confirmed);
}

TEST_F(Rollout, AStepThatTakesNoMoreShardsIsPassedOver) {
  shards(1);
  settings.steps = {{1, false}, {25, true}, {100, true}};
  start_trial();
  decide();
  processed(100);
  decide(1'000);
  EXPECT_EQ(state.current, 4u);
}

TEST_F(Rollout, AStepIsNotOverBeforeEachOfItsShardsRunsTheRelease) {
  shards(2);
  start_trial();
  decide();
  processed(100);
  live[1].runs = 3;
  decide(1'000);
  EXPECT_TRUE(state.trial);
  live[1].runs = 4;
  decide(1'000);
  EXPECT_FALSE(state.trial);
}

TEST_F(Rollout, RecordsOfTheStepBeforeDontCount) {
  shards(2);
  settings.steps = {{1, false}, {100, true}};
  start_trial();
  decide();
  processed(100);
  decide(1'000);
  ASSERT_EQ(had(), "ab");
  decide(2'000);
  EXPECT_TRUE(state.trial) << "the reports are still those of the step before";
}

TEST_F(Rollout, WithoutAShardNothingIsConfirmed) {
  settings.bake = {config::Milliseconds{0}, 0};
  start_trial();
  decide(10'000);
  EXPECT_TRUE(state.trial);
}

TEST_F(Rollout, APlaceInTheTrialIsGivenAwayWhenItsShardGoes) {
  shards(4);
  settings.steps = {{1, false}, {100, true}};
  start_trial();
  decide();
  live.erase(live.begin());
  decide();
  EXPECT_EQ(had(), "b");
  live.insert(live.begin(), {.shard = "a"});
  decide();
  EXPECT_EQ(had(), "b") << "who has it keeps it";
}

TEST_F(Rollout, AStepBeginsAnewAfterATimeWithoutAnyOfItsShards) {
  shards(2);
  settings.steps = {{1, false}, {100, true}};
  start_trial();
  decide();
  live.clear();
  decide(500);
  ASSERT_TRUE(state.trial);
  EXPECT_THAT(state.trial->shards, IsEmpty());
  // The hosts are started anew, one after the other.
  shards(1);
  decide(60'000);
  EXPECT_EQ(due(state, settings), begin + 61'000);
  processed(100);
  decide(60'999);
  ASSERT_TRUE(state.trial) << "it has run for a moment only";
  shards(2);
  processed(100);
  decide(61'000);
  EXPECT_EQ(had(), "ab");
}

TEST_F(Rollout, MoreShardsMeanMoreOfThem) {
  shards(4);
  settings.steps = {{25, true}, {100, true}};
  start_trial();
  decide();
  EXPECT_EQ(had(), "a");
  shards(5);
  decide();
  EXPECT_EQ(had(), "ab");
}

TEST_F(Rollout, CountsAndPercentages) {
  EXPECT_EQ(shards_of({1, false}, 0), 1u);
  EXPECT_EQ(shards_of({3, false}, 2), 2u);
  EXPECT_EQ(shards_of({25, true}, 0), 1u);
  EXPECT_EQ(shards_of({25, true}, 4), 1u);
  EXPECT_EQ(shards_of({25, true}, 5), 2u);
  EXPECT_EQ(shards_of({100, true}, 7), 7u);
}

TEST_F(Rollout, AFailureOfTheNewOneOnlyUndoesIt) {
  shards(2);
  start_trial();
  decide();
  processed(5);
  live[1].failures = 1;
  live[1].blame = "bad record";
  decide();
  EXPECT_FALSE(state.trial);
  EXPECT_EQ(state.current, 3u);
  EXPECT_EQ(wanted(state, "b"), (Wanted{3, 0}));
  EXPECT_EQ(last().what, What::undone);
  EXPECT_EQ(last().release, 4u);
  EXPECT_EQ(last().why, "b: bad record");
}

TEST_F(Rollout, TheLimitsAreOfAllShardsTogether) {
  shards(2);
  settings.undo_on.failures_of_new_only = 3;
  settings.undo_on.crashes = 2;
  start_trial();
  decide();
  processed(5);
  live[0].failures = live[1].failures = live[0].crashes = 1;
  decide();
  ASSERT_TRUE(state.trial);
  live[1].crashes = 1;
  decide();
  EXPECT_FALSE(state.trial);
}

TEST_F(Rollout, WhatIsSaidOfAnotherTrialDoesNotCount) {
  shards(1);
  start_trial();
  decide();
  live[0].trial = 2;
  live[0].failures = 9;
  decide();
  EXPECT_TRUE(state.trial);
}

TEST_F(Rollout, WhatIsRefusedIsNotTriedAgain) {
  start_trial();
  change().refused(4, "initialize failed");
  EXPECT_FALSE(state.trial);
  EXPECT_EQ(last().what, What::refused);
  ASSERT_NE(refusal_of(state, "four"), nullptr);
  EXPECT_EQ(refusal_of(state, "four")->why, "initialize failed");
  start_trial();
  EXPECT_FALSE(state.trial);
  change().found(5, "five");
  EXPECT_TRUE(state.trial) << "other content is tried";
}

TEST_F(Rollout, ARefusalThatComesLateChangesNothing) {
  start_trial();
  change().undo("why");
  const State before = state;
  change().refused(4, "initialize failed");
  change().refused(3, "initialize failed");
  EXPECT_EQ(state, before);
}

TEST_F(Rollout, TheOldFileAgainEndsTheTrial) {
  start_trial();
  change().found(3, "three");
  EXPECT_FALSE(state.trial);
  EXPECT_EQ(last().what, What::withdrawn);
  start_trial();
  EXPECT_TRUE(state.trial) << "it was not to blame for anything";
}

TEST_F(Rollout, ANewerCandidateTakesThePlaceOfOneOnTrial) {
  shards(1);
  start_trial();
  decide();
  change(500).found(5, "five");
  ASSERT_TRUE(state.trial);
  EXPECT_EQ(state.trial->release, 5u);
  EXPECT_EQ(state.trial->previous, 3u);
  EXPECT_EQ(state.trial->since, begin + 500);
  EXPECT_EQ(refusal_of(state, "four"), nullptr);
}

TEST_F(Rollout, APauseHoldsTheStepsButNotTheUndoing) {
  shards(2);
  settings.steps = {{1, false}, {100, true}};
  start_trial();
  decide();
  processed(100);
  change(500).pause();
  EXPECT_EQ(due(state, settings), no_time);
  decide(60'000);
  EXPECT_EQ(had(), "a");
  change(60'000).resume();
  EXPECT_EQ(due(state, settings), begin + 60'500) << "what was paused is no bake";
  decide(60'499);
  EXPECT_EQ(had(), "a");
  decide(60'500);
  EXPECT_EQ(had(), "ab");
  change(61'000).pause();
  processed(1);
  live[0].failures = 1;
  decide(61'000);
  EXPECT_FALSE(state.trial);
}

TEST_F(Rollout, ARestartInAPauseBeginsTheStepAnew) {
  shards(1);
  start_trial();
  decide();
  change(500).pause();
  live.clear();
  decide(600);
  shards(1);
  decide(60'000);
  ASSERT_EQ(had(), "a");
  processed(100);
  change(61'000).resume();
  decide(61'999);
  EXPECT_TRUE(state.trial);
  decide(62'000);
  EXPECT_FALSE(state.trial);
}

TEST_F(Rollout, ASlowReleaseIsUndoneWhereThatIsAskedFor) {
  shards(1);
  start_trial();
  decide();
  processed(50);
  live[0].previous = {.records = 1'000, .nanoseconds = 1'000'000};
  live[0].tried = {.records = least_to_compare - 1, .nanoseconds = 100'000'000};
  decide();
  ASSERT_TRUE(state.trial) << "nobody asked";
  settings.undo_on.slower_than = 2.0;
  decide();
  ASSERT_TRUE(state.trial) << "too few records to compare";
  live[0].tried = {.records = 500, .nanoseconds = 1'000'000};
  decide();
  ASSERT_TRUE(state.trial) << "twice as slow is not slower than that";
  live[0].tried.nanoseconds = 1'500'000;
  decide();
  EXPECT_FALSE(state.trial);
  EXPECT_THAT(last().why, HasSubstr("3.0 times as long"));
}

TEST_F(Rollout, AReleaseThatGrowsIsUndoneWhereThatIsAskedFor) {
  shards(1);
  settings.undo_on.more_memory_than = 2.0;
  start_trial();
  decide();
  processed(50);
  live[0].previous.resident = 10u << 20;
  live[0].tried.resident = 40u << 20;
  decide();
  ASSERT_TRUE(state.trial) << "a little is no leak";
  live[0].tried.resident = 100u << 20;
  decide();
  EXPECT_FALSE(state.trial);
  EXPECT_THAT(last().why, HasSubstr("a: it takes 10.0 times the memory"));
}

TEST_F(Rollout, UndoToRunsThatReleaseAndGivesUpTheOthers) {
  start_trial();
  change().undo_to(2, "two", "by hand");
  EXPECT_EQ(state.current, 2u);
  EXPECT_EQ(state.before, 3u);
  EXPECT_FALSE(state.trial);
  EXPECT_NE(refusal_of(state, "three"), nullptr);
  EXPECT_NE(refusal_of(state, "four"), nullptr);
  change().undo_to(4, "four", "by hand");
  EXPECT_EQ(state.current, 4u);
  EXPECT_EQ(refusal_of(state, "four"), nullptr) << "it was named";
}

TEST_F(Rollout, UndoToWhatAloneRunsChangesNothing) {
  const State before = state;
  change().undo_to(3, "three", "by hand");
  EXPECT_EQ(state, before);
  start_trial();
  change().undo_to(3, "three", "by hand");
  EXPECT_FALSE(state.trial);
  EXPECT_NE(refusal_of(state, "four"), nullptr);
}

TEST_F(Rollout, PromotingForgivesAndConfirms) {
  start_trial();
  change().undo("why");
  change().promote(4, "four");
  EXPECT_EQ(state.current, 4u);
  EXPECT_EQ(state.before, 3u);
  EXPECT_EQ(refusal_of(state, "four"), nullptr);
  EXPECT_EQ(last().what, What::promoted);
}

TEST_F(Rollout, TheHistoryKeepsWhatMatters) {
  start_trial();
  for (int i = 0; i < 100; ++i) change().took(4);
  EXPECT_EQ(state.history.size(), State::most_events);
  EXPECT_EQ(state.history.front().what, What::trial);
  for (int i = 0; i < 100; ++i) {
    change().pause();
    change().resume();
  }
  EXPECT_EQ(state.history.size(), State::most_events);
}

TEST_F(Rollout, TheStateSurvivesTheDisk) {
  shards(2);
  settings.steps = {{1, false}, {100, true}};
  start_trial();
  decide();
  change().took(4);
  change(7).pause();
  state.refused.push_back({"content", 2, "a \"reason\"\nof two lines", begin});
  state.before = 2;
  const Result<State> read = state_from_json(to_json(state));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, state);
}

TEST_F(Rollout, ADamagedStateIsAnError) {
  for (const std::string text : {"", "{", "[]", "{\"format\":2}", "{\"format\":\"1\"}"}) {
    EXPECT_FALSE(state_from_json(text)) << text;
  }
  const Result<State> odd = state_from_json(R"({"format":1,"current":-1,"trial":{"release":"4"},"history":[7,{}]})");
  ASSERT_TRUE(odd) << odd.error();
  EXPECT_EQ(odd->current, 0u);
  EXPECT_FALSE(odd->trial);
  EXPECT_THAT(odd->history, IsEmpty());
}

}  // namespace
}  // namespace kclhost::host::rollout
