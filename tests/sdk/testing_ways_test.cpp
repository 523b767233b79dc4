// kclhost/testing.hpp: when a record is done, and what comes again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "scripted.hpp"

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using kclhost::testing::Outcome;
using scripted::Acknowledging;
using scripted::Checkpointing;
using scripted::Returning;
using testing::ElementsAre;
using testing::IsEmpty;

// Attempt and data of what was given.
template <class Class>
std::vector<std::string> seen_by(kclhost::testing::Instance& instance, const Batch& batch) {
  std::vector<std::string> seen;
  instance.as<Class>().script = [&](const kclhost::Batch& given, auto&) {
    for (const kclhost::Record& record : given) {
      seen.push_back(std::to_string(given.attempt()) + std::string(record.data()));
    }
  };
  EXPECT_TRUE(instance.process_records(batch));
  instance.as<Class>().script = nullptr;
  return seen;
}

TEST(TestingWays, ReturningFinishesTheRecords) {
  Host host;
  auto instance = host.create<Returning>();
  EXPECT_TRUE(instance.process_records(Batch().record("a").sequence(1).record("b").sequence(2)));
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
  EXPECT_EQ(host.finished(), kclhost::Position("2", 0));
}

TEST(TestingWays, AFailureIsAValueAndItsRecordsComeAgain) {
  Host host;
  auto instance = host.create<Returning>();
  instance.as<Returning>().script = [](const kclhost::Batch&, Returning&) {
    throw kclhost::BatchFailure("b is bad").done(1).culprit(1).permanent().retry_after(std::chrono::seconds(2));
  };
  const Outcome outcome = instance.process_records({"a", "b", "c"});
  EXPECT_FALSE(outcome);
  EXPECT_EQ(outcome.message, "b is bad");
  EXPECT_EQ(outcome.done, 1u);
  EXPECT_EQ(outcome.culprit, 1u);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(2));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("b", "c"));
  EXPECT_THAT(seen_by<Returning>(instance, host.unfinished()), ElementsAre("2b", "2c"));
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
}

TEST(TestingWays, AnyExceptionIsAFailureOfAll) {
  Host host;
  auto instance = host.create<Returning>();
  instance.as<Returning>().script = [](const kclhost::Batch&, Returning&) { throw std::runtime_error("no"); };
  const Outcome outcome = instance.process_records({"a", "b"});
  EXPECT_EQ(outcome.message, "no");
  EXPECT_EQ(outcome.name, "std::runtime_error");
  EXPECT_EQ(outcome.done, 0u);
  EXPECT_FALSE(outcome.permanent);
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a", "b"));
}

TEST(TestingWays, WhereTheTestGoesOnFailedRecordsAreSetAside) {
  Host host;
  auto instance = host.create<Returning>();
  instance.as<Returning>().script = [](const kclhost::Batch&, Returning&) { throw std::runtime_error("no"); };
  EXPECT_FALSE(instance.process_records({"a"}));
  EXPECT_THAT(seen_by<Returning>(instance, {"b"}), ElementsAre("1b"));
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
}

TEST(TestingWays, AcknowledgingFinishesThemInAnyOrder) {
  Host host;
  auto instance = host.create<Acknowledging>();
  auto& processor = instance.as<Acknowledging>();
  processor.script = [](const kclhost::Batch& batch, Acknowledging& self) { self.context.acknowledge(batch[2]); };
  EXPECT_TRUE(instance.process_records({"a", "b", "c"}));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a", "b"));
  EXPECT_EQ(host.finished(), kclhost::Position());
  processor.context.acknowledge(0, 2);
  processor.context.acknowledge(2);
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
  EXPECT_THAT(host.acknowledged(), ElementsAre("c", "a", "b"));
}

TEST(TestingWays, AThreadMayAcknowledge) {
  Host host;
  auto instance = host.create<Acknowledging>();
  std::thread thread;
  instance.as<Acknowledging>().script = [&](const kclhost::Batch& batch, Acknowledging& self) {
    thread = std::thread([&self, first = batch[0].id()] { self.context.acknowledge(first, 2); });
  };
  EXPECT_TRUE(instance.process_records({"a", "b"}));
  EXPECT_TRUE(host.wait_until_finished());
  thread.join();
  instance.as<Acknowledging>().script = nullptr;
  EXPECT_TRUE(instance.process_records({"c"}));
  EXPECT_FALSE(host.wait_until_finished(std::chrono::milliseconds(1)));
}

TEST(TestingWays, OfAFailedCallOnlyWhatIsAcknowledgedInItIsDone) {
  Host host;
  auto instance = host.create<Acknowledging>();
  auto& processor = instance.as<Acknowledging>();
  processor.script = [](const kclhost::Batch& batch, Acknowledging& self) {
    self.context.acknowledge(batch[2]);
    throw kclhost::BatchFailure("b is bad").done(1);
  };
  EXPECT_FALSE(instance.process_records({"a", "b", "c", "d"}));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a", "b", "d"));
  processor.context.acknowledge(0, 2);  // a, which the instance has; and b, which it does not have any more
  processor.context.reject(3, "late");
  EXPECT_THAT(host.unfinished().data(), ElementsAre("b", "d"));
  EXPECT_THAT(host.acknowledged(), ElementsAre("c", "a"));
  EXPECT_THAT(host.rejections(), IsEmpty());

  processor.script = [](const kclhost::Batch& batch, Acknowledging& self) { self.context.acknowledge(batch); };
  EXPECT_TRUE(instance.process_records(host.unfinished()));
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
}

TEST(TestingWays, CheckpointingFinishesThemAndAllBefore) {
  Host host;
  auto instance = host.create<Checkpointing>();
  EXPECT_TRUE(instance.process_records(Batch().record("a").sequence(1)));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a"));
  instance.as<Checkpointing>().script = [](const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) {
    EXPECT_TRUE(checkpointer.checkpoint(batch[0]));
  };
  EXPECT_TRUE(instance.process_records(Batch().record("b").sequence(2).record("c").sequence(3)));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("c"));
  EXPECT_EQ(host.finished(), kclhost::Position("2", 0));
  EXPECT_TRUE(instance.flush());
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
}

TEST(TestingWays, ARejectedRecordIsDone) {
  Host host;
  auto instance = host.create<Returning>();
  instance.as<Returning>().script = [](const kclhost::Batch& batch, Returning& self) {
    self.context.reject(batch[0], "no JSON");
    throw std::runtime_error("the rest fails");
  };
  EXPECT_FALSE(instance.process_records(Batch().record("a").sequence(5).record("b").sequence(6)));
  ASSERT_EQ(host.rejections().size(), 1u);
  EXPECT_EQ(host.rejections()[0].data, "a");
  EXPECT_EQ(host.rejections()[0].position, kclhost::Position("5", 0));
  EXPECT_EQ(host.rejections()[0].reason, "no JSON");
  EXPECT_THAT(host.unfinished().data(), ElementsAre("b"));
}

TEST(TestingWays, AnAcknowledgingProcessorMayRejectLater) {
  Host host;
  auto instance = host.create<Acknowledging>();
  EXPECT_TRUE(instance.process_records({"a", "b"}));
  std::thread([&] { instance.as<Acknowledging>().context.reject(1, "refused by the table"); }).join();
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a"));
}

TEST(TestingWays, ADeathBringsWhatIsNotDoneAgain) {
  Host host;
  auto instance = host.create<Acknowledging>();
  instance.as<Acknowledging>().script = [](const kclhost::Batch& batch, Acknowledging& self) {
    self.context.acknowledge(batch[0]);
    self.context.acknowledge(batch[2]);
  };
  EXPECT_TRUE(instance.process_records(
      Batch().record("a").sequence(1).record("b").sequence(2).record("c").sequence(3).record("d").sequence(4)));
  auto& dead = instance.as<Acknowledging>();
  instance.die();
  dead.context.acknowledge(1);  // nobody hears it
  EXPECT_THAT(host.unfinished().data(), ElementsAre("b", "d"));
  EXPECT_THROW(instance.process_records({"e"}), std::logic_error);

  auto next = host.create<Acknowledging>();
  EXPECT_THAT(seen_by<Acknowledging>(next, host.unfinished()), ElementsAre("2b", "2d"));
  next.as<Acknowledging>().context.acknowledge(0);
  EXPECT_THAT(host.unfinished().data(), ElementsAre("d"));
}

TEST(TestingWays, TheNextInstanceBeginsWhereTheLastHasComeTo) {
  Host host;
  {
    auto first = host.create<Returning>();
    EXPECT_EQ(first.as<Returning>().beginning, kclhost::Beginning::start);
    EXPECT_EQ(first.as<Returning>().position.sequence_number(), "TRIM_HORIZON");
    EXPECT_TRUE(first.process_records(Batch().record("a").sequence(1)));
    first.die();
  }
  {
    auto second = host.create<Returning>();
    EXPECT_EQ(second.as<Returning>().beginning, kclhost::Beginning::restart);
    EXPECT_EQ(second.as<Returning>().position, kclhost::Position("1", 0));
  }
  host.begins_for(kclhost::Beginning::swap);
  auto third = host.create<Returning>();
  EXPECT_EQ(third.as<Returning>().beginning, kclhost::Beginning::swap);
  third.destroy();
  host.begins_at({"0", 0});
  auto fourth = host.create<Returning>();
  EXPECT_EQ(fourth.as<Returning>().beginning, kclhost::Beginning::start);
  EXPECT_EQ(fourth.as<Returning>().position, kclhost::Position("0", 0));
  EXPECT_THAT(seen_by<Returning>(fourth, host.unfinished()), ElementsAre("1a"));
}

TEST(TestingWays, ADestroyedInstancesRecordsHaveNotFailed) {
  Host host;
  host.create<Checkpointing>().process_records({"a"});
  auto next = host.create<Checkpointing>();
  EXPECT_THAT(seen_by<Checkpointing>(next, host.unfinished()), ElementsAre("1a"));
}

TEST(TestingWays, TheHostCheckpointsTheShardsEnd) {
  Host host;
  auto instance = host.create<Checkpointing>();
  instance.as<Checkpointing>().finishes = false;
  EXPECT_TRUE(instance.process_records({"a"}));
  EXPECT_TRUE(instance.shard_ended());
  EXPECT_THAT(host.unfinished().data(), IsEmpty());
  EXPECT_THROW(instance.flush(), std::logic_error) << "nothing comes behind it";
  instance.destroy();

  Host other;  // of a plugin that acknowledges, it waits
  auto holding = other.create<Acknowledging>();
  EXPECT_TRUE(holding.process_records({"a"}));
  EXPECT_TRUE(holding.shard_ended());
  EXPECT_THAT(other.unfinished().data(), ElementsAre("a"));
  holding.as<Acknowledging>().context.acknowledge(0);
  EXPECT_TRUE(other.wait_until_finished());
}

}  // namespace
