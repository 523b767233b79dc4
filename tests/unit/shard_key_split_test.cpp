#include "shard/key_split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace kclhost::host {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// A batch of records that have nothing but partition keys.
class Keys {
 public:
  explicit Keys(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      RecordEntry entry{};
      entry.partition_key = static_cast<std::uint32_t>(text_.size());
      entry.partition_key_size = static_cast<std::uint32_t>(key.size());
      text_ += key;
      entries_.push_back(entry);
    }
    const std::size_t table = (text_.size() + 7) / 8 * 8;
    text_.resize(table);
    text_.append(reinterpret_cast<const char*>(entries_.data()), entries_.size() * sizeof(RecordEntry));
    batch_ = {text_.data(), static_cast<std::uint32_t>(table), static_cast<std::uint32_t>(entries_.size()), -1};
  }
  const Batch& batch() const { return batch_; }

 private:
  std::string text_;
  std::vector<RecordEntry> entries_;
  Batch batch_;
};

std::vector<std::string> keys_in_turn(std::size_t count, std::size_t different) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back("key-" + std::to_string(i * 7919 % different));
  return keys;
}

TEST(KeySplit, KeepAKeysRecordsTogetherAndInOrder) {
  const auto keys = keys_in_turn(10'000, 333);
  const Keys batch(keys);
  for (const unsigned count : {1u, 2u, 8u, 64u}) {
    KeySplit lanes(count);
    lanes.split(batch.batch());
    std::map<std::string, unsigned> lane_of_key;
    std::vector<bool> seen(keys.size());
    for (unsigned lane = 0; lane < count; ++lane) {
      const auto& indexes = lanes.indexes(lane);
      EXPECT_TRUE(std::is_sorted(indexes.begin(), indexes.end()));
      for (const std::uint32_t index : indexes) {
        EXPECT_FALSE(seen[index]);
        seen[index] = true;
        EXPECT_EQ(lane_of_key.try_emplace(keys[index], lane).first->second, lane);
      }
    }
    EXPECT_THAT(seen, testing::Each(true));
  }
}

TEST(KeySplit, GetEvenShares) {
  for (const unsigned count : {2u, 4u, 8u}) {
    std::vector<std::size_t> shares(count);
    for (int i = 0; i < 10'000; ++i) ++shares[lane_of(std::to_string(i), count)];
    for (const std::size_t share : shares) {
      EXPECT_GT(share, 9'000 / count);
      EXPECT_LT(share, 11'000 / count);
    }
  }
}

TEST(KeySplit, AreTheSameInEveryProcess) {
  EXPECT_EQ(lane_of("", 8), 1u);
  EXPECT_EQ(lane_of("partition-key", 1000), 402u);
}

TEST(KeySplit, TellsTheLaneOfEachRecord) {
  KeySplit lanes(4);
  lanes.split(Keys(keys_in_turn(200, 40)).batch());
  std::vector<std::size_t> met(4);
  ASSERT_EQ(lanes.lanes().size(), 200u);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const unsigned lane = lanes.lanes()[i];
    EXPECT_EQ(lanes.indexes(lane)[met[lane]++], i);
  }
}

TEST(KeySplit, ForgetTheBatchBefore) {
  KeySplit lanes(3);
  lanes.split(Keys(keys_in_turn(100, 10)).batch());
  lanes.split(Keys({"a"}).batch());
  std::size_t records = 0;
  for (unsigned lane = 0; lane < 3; ++lane) records += lanes.indexes(lane).size();
  EXPECT_EQ(records, 1u);
  EXPECT_EQ(lanes.lanes().size(), 1u);
  lanes.split(Batch{});
  EXPECT_TRUE(lanes.lanes().empty());
}

}  // namespace
}  // namespace kclhost::host
