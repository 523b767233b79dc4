// A test of the randomized test: each bug must turn it red, soon, and for the right reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>

#include "policy_mutants.hpp"
#include "policy_mutants_delivery.hpp"
#include "policy_world.hpp"

namespace kclhost::host::policy {
namespace {

using testing::HasSubstr;

// The seeds are always the same: a mutant is found or it is not. The slowest to find needs 48 of them.
constexpr std::uint64_t worlds = 200;

// What the first world that notices says; empty: none does.
template <class Parts>
std::string found() {
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    for (const unsigned lanes : {1u, 2u, 8u}) {
      try {
        World<Parts>(seed, lanes).run();
      } catch (const Violation& violation) {
        std::cout << "seed " << seed << ", " << lanes << " lanes: " << violation.what << '\n';
        return violation.what;
      }
    }
  }
  return {};
}

template <class D>
std::string found_with_delivery() {
  return found<mutants::WithDelivery<D>>();
}
template <class L>
std::string found_with_lanes() {
  return found<mutants::WithLanes<L>>();
}
template <class C>
std::string found_with_checkpoints() {
  return found<mutants::WithCheckpoints<C>>();
}

TEST(Mutants, TheSoundOneIsNotFound) {
  EXPECT_EQ(found<SoundParts>(), "");
}

TEST(Mutants, AcknowledgesFailures) {
  EXPECT_THAT(found_with_delivery<mutants::AcknowledgesFailures>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, CountsOneTooMany) {
  EXPECT_THAT(found_with_delivery<mutants::CountsOneTooMany>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, LeavesOutTheLastRecord) {
  EXPECT_THAT(found_with_delivery<mutants::LeavesOutTheLastRecord>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, RepeatsWhatIsFinished) {
  EXPECT_THAT(found_with_delivery<mutants::RepeatsWhatIsFinished>(), HasSubstr("is delivered again"));
}
TEST(Mutants, SpreadsEvenly) {
  EXPECT_THAT(found_with_lanes<mutants::SpreadsEvenly>(),
              HasSubstr("is delivered before one with the same key is finished"));
}
TEST(Mutants, TurnsALaneRound) {
  EXPECT_THAT(found_with_lanes<mutants::TurnsALaneRound>(),
              HasSubstr("is delivered before one with the same key is finished"));
}
TEST(Mutants, HighWater) {
  EXPECT_THAT(found_with_lanes<mutants::HighWater>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, AddsUp) {
  EXPECT_THAT(found_with_lanes<mutants::AddsUp>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, FinishedWhenDelivered) {
  EXPECT_THAT(found_with_delivery<mutants::FinishedWhenDelivered>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, WholeAggregates) {
  EXPECT_THAT(found<mutants::WholeAggregates>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, IgnoresALostLease) {
  EXPECT_THAT(found_with_checkpoints<mutants::IgnoresALostLease>(), HasSubstr("a checkpoint after the lease was lost"));
}
TEST(Mutants, ForgetsTheSubSequence) {
  EXPECT_THAT(found_with_checkpoints<mutants::ForgetsTheSubSequence>(), HasSubstr("too many deliveries"));
}
TEST(Mutants, NeverRecords) {
  EXPECT_THAT(found_with_checkpoints<mutants::NeverRecords>(), HasSubstr("too many deliveries"));
}
TEST(Mutants, TakesTheNextToo) {
  EXPECT_THAT(found_with_delivery<mutants::TakesTheNextToo>(), HasSubstr("is given up before its time"));
}
TEST(Mutants, GivesUpInSilence) {
  EXPECT_THAT(found_with_delivery<mutants::GivesUpInSilence>(), HasSubstr("is not finished and checkpointed"));
}
TEST(Mutants, WritesTwice) {
  EXPECT_THAT(found_with_delivery<mutants::WritesTwice>(), HasSubstr("is given up again"));
}
TEST(Mutants, GivesUpTheWholeRange) {
  EXPECT_THAT(found_with_delivery<mutants::GivesUpTheWholeRange>(), HasSubstr("is given up before its time"));
}
TEST(Mutants, GivesUpTooSoon) {
  EXPECT_THAT(found_with_delivery<mutants::GivesUpTooSoon>(), HasSubstr("is given up before its time"));
}
TEST(Mutants, ExaggeratesFailures) {
  EXPECT_THAT(found_with_delivery<mutants::ExaggeratesFailures>(),
              HasSubstr("failed less often than its dead letter says"));
}
TEST(Mutants, ForgetsTries) {
  EXPECT_THAT(found<mutants::ForgetsTries>(), HasSubstr("too many deliveries"));
}
TEST(Mutants, CountsForeignTries) {
  EXPECT_THAT(found<mutants::CountsForeignTries>(), HasSubstr("is given up before its time"));
}
TEST(Mutants, RetriesSuspectsTogether) {
  EXPECT_THAT(found<mutants::RetriesSuspectsTogether>(), HasSubstr("is good and given up"));
}
TEST(Mutants, ForgetsTheSearch) {
  EXPECT_THAT(found_with_delivery<mutants::ForgetsTheSearch>(), HasSubstr("the host is restarted for ever"));
}
TEST(Mutants, TrustsTriesOfAPart) {
  EXPECT_THAT(found_with_delivery<mutants::TrustsTriesOfAPart>(), HasSubstr("is given up before its time"));
}
TEST(Mutants, TriesForEver) {
  EXPECT_THAT(found_with_delivery<mutants::TriesForEver>(), HasSubstr("too many deliveries"));
}

}  // namespace
}  // namespace kclhost::host::policy
