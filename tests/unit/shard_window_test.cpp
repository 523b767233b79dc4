#include "shard/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "kclhost/plugin.h"

namespace kclhost::host {
namespace {

// Memory that plugins could read, so much of it and no more.
class Memory final : public BatchMemory {
 public:
  explicit Memory(std::size_t most = 1 << 16) : most_(most), words_(1 << 13) {}
  char* base() override { return reinterpret_cast<char*>(words_.data()); }
  bool reserve(std::size_t bytes) override {
    reserved = std::max(reserved, bytes);
    return bytes <= most_;
  }

  std::size_t reserved = 0;

 private:
  std::size_t most_;
  std::vector<std::uint64_t> words_;
};

struct Record {
  std::string data, partition_key, sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = KCLHOST_NO_TIMESTAMP;

  bool operator==(const Record&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Record& record) {
    return out << record.data << '|' << record.partition_key << '|' << record.sequence_number << '/'
               << record.sub_sequence_number << '@' << record.arrival_ms;
  }
};

// Lays records out as the decoder does; behind them `free` begins.
Batch lay_out(const std::vector<Record>& records, Memory& memory, std::size_t& free) {
  std::uint32_t at = 0;
  std::vector<RecordEntry> entries;
  for (const Record& record : records) {
    RecordEntry entry{};
    const auto put = [&](const std::string& text, std::uint32_t& offset, std::uint32_t& size) {
      std::memcpy(memory.base() + at, text.data(), text.size());
      offset = at;
      size = static_cast<std::uint32_t>(text.size());
      at += size;
    };
    put(record.data, entry.data, entry.data_size);
    put(record.partition_key, entry.partition_key, entry.partition_key_size);
    put(record.sequence_number, entry.sequence_number, entry.sequence_number_size);
    entry.sub_sequence_number = record.sub_sequence_number;
    entry.arrival_ms = record.arrival_ms;
    entries.push_back(entry);
  }
  const std::uint32_t table = (at + 7) / 8 * 8;
  free = table + entries.size() * sizeof(RecordEntry);
  std::memcpy(memory.base() + table, entries.data(), entries.size() * sizeof(RecordEntry));
  return {memory.base(), table, static_cast<std::uint32_t>(entries.size()), 42};
}

// A record whose every text tells its number.
Record one(int number, std::int64_t sub_sequence_number = 0) {
  const std::string text = std::to_string(number);
  return {"data of " + text, "key-" + text, text, sub_sequence_number, 1'700'000'000'000 + number};
}

std::vector<Record> numbered(int first, int last) {
  std::vector<Record> records;
  for (int number = first; number < last; ++number) records.push_back(one(number));
  return records;
}

std::vector<Record> read(const Batch& batch) {
  std::vector<Record> records;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    records.push_back({std::string(batch.data(i)), std::string(batch.partition_key(i)),
                       std::string(batch.sequence_number(i)), batch.entry(i).sub_sequence_number,
                       batch.entry(i).arrival_ms});
  }
  return records;
}

class WindowTest : public testing::Test {
 protected:
  void begin(const std::vector<Record>& records) { window.begin(lay_out(records, memory, free)); }
  // The batch leaves, and the memory that it lay in gets something else.
  std::uint32_t keep(std::uint32_t finished) {
    const std::uint32_t gone = window.keep(finished);
    std::memset(memory.base(), 'x', 1 << 16);
    free = 64;
    return gone;
  }
  std::vector<Record> part(std::uint32_t first, std::uint32_t last) {
    const auto batch = window.part(first, last, memory, free);
    return batch ? read(*batch) : std::vector<Record>();
  }
  std::vector<Record> all() const {
    std::vector<Record> records;
    for (std::uint32_t i = 0; i < window.size(); ++i) {
      records.push_back({std::string(window.data(i)), std::string(window.partition_key(i)),
                         std::string(window.sequence_number(i)), window.entry(i).sub_sequence_number,
                         window.entry(i).arrival_ms});
    }
    return records;
  }

  Memory memory;
  std::size_t free = 64;
  Window window;
};

TEST_F(WindowTest, IsEmptyAtFirst) {
  EXPECT_EQ(window.size(), 0u);
  EXPECT_EQ(window.bytes_from(0), 0u);
  EXPECT_EQ(window.count_up_to({"1", 0}), 0u);
  EXPECT_EQ(window.keep(0), 0u);
}

TEST_F(WindowTest, HasTheBatchInHand) {
  begin(numbered(10, 13));
  EXPECT_EQ(window.size(), 3u);
  EXPECT_EQ(window.kept_count(), 0u);
  EXPECT_EQ(all(), numbered(10, 13));
  EXPECT_EQ(window.position(1), (Position{"11", 0}));
}

TEST_F(WindowTest, WhatIsFinishedGoesWithTheBatch) {
  begin(numbered(10, 13));
  EXPECT_EQ(keep(3), 3u);
  EXPECT_EQ(window.size(), 0u);
}

TEST_F(WindowTest, WhatIsNotFinishedOutlivesTheBatch) {
  begin(numbered(10, 15));
  EXPECT_EQ(keep(2), 2u);
  EXPECT_EQ(window.kept_count(), 3u);
  EXPECT_EQ(all(), numbered(12, 15));
}

TEST_F(WindowTest, ABatchComesBehindWhatIsKept) {
  begin(numbered(10, 13));
  keep(1);
  begin(numbered(13, 16));
  EXPECT_EQ(window.kept_count(), 2u);
  EXPECT_EQ(window.size(), 5u);
  EXPECT_EQ(all(), numbered(11, 16));
}

TEST_F(WindowTest, WhatIsKeptGoesFirst) {
  begin(numbered(10, 13));
  keep(0);
  begin(numbered(13, 16));
  EXPECT_EQ(keep(2), 2u);
  EXPECT_EQ(all(), numbered(12, 16));
  begin(numbered(16, 18));
  EXPECT_EQ(keep(5), 5u) << "four kept ones, and one of the batch";
  EXPECT_EQ(all(), numbered(17, 18));
}

TEST_F(WindowTest, MoreThanThereIsCantGo) {
  begin(numbered(10, 12));
  EXPECT_EQ(keep(5), 2u);
  EXPECT_EQ(window.size(), 0u);
}

TEST_F(WindowTest, ManyBatchesAreKeptAndGoInTheirOrder) {
  int finished = 0;
  for (int number = 0; number < 1'000; number += 10) {
    begin(numbered(number, number + 10));
    const std::uint32_t gone = keep(number % 30 == 0 ? 13 : 3);
    finished += static_cast<int>(gone);
    ASSERT_EQ(all(), numbered(finished, number + 10));
  }
}

TEST_F(WindowTest, EmptyTextsAndNumbersAreKept) {
  const std::vector<Record> records{{"", "", "1"}, {"", "k", "2", 5, 0}, {"d", "", "3", -1, -7}};
  begin(records);
  keep(0);
  EXPECT_EQ(all(), records);
  EXPECT_EQ(part(0, 3), records);
}

TEST_F(WindowTest, ClearedItIsEmpty) {
  begin(numbered(10, 13));
  keep(1);
  begin(numbered(13, 15));
  window.clear();
  EXPECT_EQ(window.size(), 0u);
  begin(numbered(20, 22));
  EXPECT_EQ(all(), numbered(20, 22));
}

TEST_F(WindowTest, CountsDataAndTextsOfWhatComesFromAnIndexOn) {
  begin({{"12345", "key", "10"}, {"", "k", "11"}});
  keep(0);
  begin({{"123", "", "12"}});
  EXPECT_EQ(window.bytes_from(0), 10u + 3u + 5u);
  EXPECT_EQ(window.bytes_from(1), 3u + 5u);
  EXPECT_EQ(window.bytes_from(2), 5u);
  EXPECT_EQ(window.bytes_from(3), 0u);
}

TEST_F(WindowTest, APartOfTheBatchLiesWhereItDoes) {
  begin(numbered(10, 15));
  const auto batch = window.part(1, 4, memory, free);
  ASSERT_TRUE(batch);
  EXPECT_EQ(read(*batch), numbered(11, 14));
  EXPECT_EQ(batch->millis_behind_latest, 42);
  EXPECT_EQ(memory.reserved, 0u) << "nothing is laid out anew";
}

TEST_F(WindowTest, APartOfTheBatchBehindWhatIsKeptLiesWhereItDoes) {
  begin(numbered(10, 12));
  keep(0);
  begin(numbered(12, 15));
  EXPECT_EQ(part(3, 5), numbered(13, 15));
  EXPECT_EQ(memory.reserved, 0u);
}

TEST_F(WindowTest, APartOfWhatIsKeptIsLaidOutBehindWhatIsInUse) {
  begin(numbered(10, 15));
  keep(0);
  begin(numbered(15, 17));
  const std::size_t before = free;
  const std::string in_use(memory.base(), before);
  const auto batch = window.part(1, 3, memory, free);
  ASSERT_TRUE(batch);
  EXPECT_EQ(read(*batch), numbered(11, 13));
  EXPECT_EQ(batch->base, memory.base());
  EXPECT_GE(batch->table, before);
  EXPECT_GE(free, batch->table + batch->count * sizeof(RecordEntry));  // the next part is laid out behind it
  EXPECT_EQ(batch->table % 8, 0u);
  EXPECT_GE(memory.reserved, batch->table + 2 * sizeof(RecordEntry));
  EXPECT_EQ(std::string(memory.base(), before), in_use);
}

TEST_F(WindowTest, APartAcrossKeptOnesAndTheBatch) {
  begin(numbered(10, 13));
  keep(1);
  begin(numbered(13, 17));
  const auto batch = window.part(1, 5, memory, free);
  ASSERT_TRUE(batch);
  EXPECT_EQ(read(*batch), numbered(12, 16));
  EXPECT_EQ(batch->millis_behind_latest, 42);
  EXPECT_EQ(all(), numbered(11, 17));
}

TEST_F(WindowTest, EveryPartIsWhatItSays) {
  begin(numbered(10, 14));
  keep(1);
  begin(numbered(14, 16));
  keep(0);
  begin(numbered(16, 19));
  const int size = static_cast<int>(window.size());
  for (int first = 0; first < size; ++first) {
    for (int last = first + 1; last <= size; ++last) {
      ASSERT_EQ(part(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)),
                numbered(11 + first, 11 + last));
    }
  }
}

TEST_F(WindowTest, WithoutMemoryThereIsNoPart) {
  begin(numbered(10, 13));
  keep(0);
  Memory none(100);
  std::size_t behind = 64;
  EXPECT_FALSE(window.part(0, 3, none, behind));
  EXPECT_EQ(behind, 64u);
  EXPECT_EQ(all(), numbered(10, 13));
}

TEST_F(WindowTest, CountsUpToAPositionBySequenceAndSubSequenceNumber) {
  begin({one(9, 0), one(10, 0), one(10, 1)});
  keep(0);
  begin({one(10, 2), one(100, 0)});
  EXPECT_EQ(window.count_up_to({"8", 5}), 0u);
  EXPECT_EQ(window.count_up_to({"9", 0}), 1u);
  EXPECT_EQ(window.count_up_to({"9", 99}), 1u);
  EXPECT_EQ(window.count_up_to({"10", -1}), 1u);
  EXPECT_EQ(window.count_up_to({"10", 0}), 2u);
  EXPECT_EQ(window.count_up_to({"10", 1}), 3u);
  EXPECT_EQ(window.count_up_to({"10", 2}), 4u);
  EXPECT_EQ(window.count_up_to({"11", 0}), 4u) << "a number between two records";
  EXPECT_EQ(window.count_up_to({"99", 0}), 4u) << "numbers, not texts";
  EXPECT_EQ(window.count_up_to({"100", 0}), 5u);
  EXPECT_EQ(window.count_up_to({"1000", 0}), 5u);
  EXPECT_EQ(window.count_up_to({"TRIM_HORIZON", 0}), 0u);
}

TEST_F(WindowTest, SaysWhetherARecordLiesAtOrBeforeAPosition) {
  begin({one(10, 3)});
  EXPECT_FALSE(window.at_or_before(0, {"10", 2}));
  EXPECT_TRUE(window.at_or_before(0, {"10", 3}));
  EXPECT_TRUE(window.at_or_before(0, {"11", 0}));
  EXPECT_FALSE(window.at_or_before(0, {"9", 9}));
}

}  // namespace
}  // namespace kclhost::host
