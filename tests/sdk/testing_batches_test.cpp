// kclhost/testing.hpp: the batches that a test makes up are what the plugin is given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "scripted.hpp"

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using scripted::Returning;
using testing::ElementsAre;

class TestingBatches : public testing::Test {
 protected:
  // What the plugin sees of a batch.
  template <class Look>
  void give(const Batch& batch, Look look) {
    bool given = false;
    instance_.as<Returning>().script = [&](const kclhost::Batch& seen, Returning&) {
      given = true;
      look(seen);
    };
    EXPECT_TRUE(instance_.process_records(batch));
    EXPECT_TRUE(given);
  }

  Host host_;
  kclhost::testing::Instance instance_ = host_.create<Returning>();
};

TEST_F(TestingBatches, SayAllThatARecordHas) {
  const std::chrono::system_clock::time_point when(std::chrono::milliseconds(1'700'000'000'123));
  Batch batch;
  batch.record("one").key("k").sequence(7).record("two").sequence(7).sub(2).arrived(when).record("three").sequence("8");
  give(batch.behind(std::chrono::seconds(3)), [&](const kclhost::Batch& seen) {
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].data(), "one");
    EXPECT_EQ(seen[0].partition_key(), "k");
    EXPECT_EQ(seen[0].position(), kclhost::Position("7", 0));
    EXPECT_EQ(seen[0].approximate_arrival_time(), std::nullopt);
    EXPECT_EQ(seen[1].position(), kclhost::Position("7", 2));
    EXPECT_EQ(seen[1].approximate_arrival_time(), when);
    EXPECT_EQ(seen[1].partition_key(), "key");
    EXPECT_EQ(seen[2].sequence_number(), "8");
    EXPECT_EQ(seen.millis_behind_latest(), std::chrono::seconds(3));
    EXPECT_EQ(seen.attempt(), 1u);
  });
}

TEST_F(TestingBatches, RecordsWithoutANumberGetTheNextOne) {
  std::vector<kclhost::Position> all;
  const auto note = [&](const kclhost::Batch& seen) {
    for (const kclhost::Record& record : seen) all.push_back(record.position());
  };
  give({"a", "b"}, note);
  EXPECT_EQ(all[0].sequence_number().size(), 56u) << "as long as Kinesis has them";
  give({"c"}, note);
  EXPECT_LT(all[0], all[1]);
  EXPECT_LT(all[1], all[2]);
  all.clear();
  const std::string nines(60, '9');
  give(Batch().record("d").sequence(nines).record("e"), note);
  EXPECT_EQ(all[1], kclhost::Position("1" + std::string(60, '0'), 0));
}

TEST_F(TestingBatches, IdsCountWhatTheInstanceIsGiven) {
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 2; ++i) {
    give({"a", "b"}, [&](const kclhost::Batch& seen) {
      for (const kclhost::Record& record : seen) ids.push_back(record.id());
    });
  }
  EXPECT_THAT(ids, ElementsAre(0, 1, 2, 3));
}

TEST_F(TestingBatches, ManyHugeAndNoneAtAll) {
  give(Batch().records(3, "same").huge_record().null_record().record(""), [](const kclhost::Batch& seen) {
    ASSERT_EQ(seen.size(), 6u);
    EXPECT_EQ(seen[2].data(), "same");
    EXPECT_EQ(seen[3].data().size(), std::size_t{10} << 20);
    EXPECT_EQ(seen[4].data().data(), nullptr);
    EXPECT_EQ(seen[4].data().size(), 0u);
    EXPECT_NE(seen[5].data().data(), nullptr);
    EXPECT_EQ(seen[5].data().size(), 0u);
  });
}

TEST_F(TestingBatches, AViewThatIsKeptIsSpoilt) {
  std::string_view data, key;
  give({"secret"}, [&](const kclhost::Batch& seen) {
    data = seen[0].data();
    key = seen[0].partition_key();
  });
  EXPECT_EQ(data, "!!!!!!");
  EXPECT_EQ(key, "!!!");
}

TEST_F(TestingBatches, RecordsAreLongerThanThePluginKnows) {
  static std::size_t stride;
  kclhost_plugin table = kclhost::detail::make_table<Returning>("test.stride", "1");
  table.process_records = [](void*, const kclhost_batch* batch, kclhost_checkpointer*, kclhost_error*) {
    stride = batch->record_stride;
    return kclhost_status{KCLHOST_OK};
  };
  Host host;
  auto instance = host.create(table);
  EXPECT_TRUE(instance.process_records({"a"}));
  EXPECT_GT(stride, sizeof(kclhost_record));
}

TEST_F(TestingBatches, WhatNoHostWouldGiveIsTheTestsMistake) {
  EXPECT_THROW(static_cast<void>(Batch().key("k")), std::logic_error);
  EXPECT_THROW(instance_.process_records({}), std::logic_error) << "it wants no empty batches";
  EXPECT_THROW(instance_.process_records(Batch().record("a").sequence("x")), std::logic_error);
  EXPECT_THROW(instance_.process_records(Batch().record("a").sequence(3).record("b").sequence(3)), std::logic_error);
  EXPECT_TRUE(instance_.process_records(Batch().record("a").sequence(10)));
  EXPECT_THROW(instance_.process_records(Batch().record("b").sequence(9)), std::logic_error);
  EXPECT_TRUE(instance_.process_records(Batch().record("c").sequence(11)));
}

}  // namespace
