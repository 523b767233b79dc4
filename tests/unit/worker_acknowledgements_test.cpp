// The memory for acknowledgements by itself, against a plain model of what is open.
#include "worker/acknowledgements.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace kclhost::host::worker {
namespace {

class Memory {
 public:
  explicit Memory(std::uint32_t size = AckMemory::least)
      : bytes_(AckMemory::bytes(size) + 64), memory_(AckMemory::at(aligned(), size)) {}
  const AckMemory& operator*() const { return memory_; }
  void fill(char value) { std::fill(bytes_.begin(), bytes_.end(), value); }

 private:
  void* aligned() {
    void* at = bytes_.data();
    std::size_t room = bytes_.size();
    return std::align(64, bytes_.size() - 64, at, room);
  }

  std::vector<char> bytes_;
  AckMemory memory_;
};

using Runs = std::vector<std::pair<RecordId, std::uint64_t>>;

Runs look(OpenRecords& open) {
  Runs runs;
  open.look([&](RecordId first, std::uint64_t count) { runs.emplace_back(first, count); });
  return runs;
}

TEST(WorkerAcknowledgements, SizesFitWhatMayBeHeld) {
  EXPECT_EQ(AckMemory::size_for(0), 1u << 17);
  EXPECT_EQ(AckMemory::size_for(65'536), 1u << 17);
  EXPECT_EQ(AckMemory::size_for(100'000), 1u << 18);
  EXPECT_EQ(AckMemory::size_for(1'000'000'000), 1u << 22);
  EXPECT_EQ(AckMemory::size_for(~std::uint64_t{0}), 1u << 22);
}

TEST(WorkerAcknowledgements, AreReportedOnceAndInRuns) {
  Memory memory;
  OpenRecords host(*memory);
  Acknowledger worker(*memory);
  EXPECT_EQ(look(host), Runs{});
  host.give(0, 300);
  worker.give(300);
  EXPECT_EQ(look(host), Runs{});
  worker.acknowledge(10, 100);
  worker.acknowledge(100, 50);
  worker.acknowledge(299, 1);
  EXPECT_TRUE(worker.is_acknowledged(149));
  EXPECT_FALSE(worker.is_acknowledged(150));
  EXPECT_EQ(look(host), (Runs{{10, 140}, {299, 1}}));
  worker.acknowledge(0, 300);
  EXPECT_EQ(look(host), (Runs{{0, 10}, {150, 149}}));
  EXPECT_EQ(look(host), Runs{});
}

TEST(WorkerAcknowledgements, EarlyAndLateOnesCountForNothing) {
  Memory memory;
  OpenRecords host(*memory);
  Acknowledger worker(*memory);
  host.give(0, 10);
  worker.give(10);
  worker.acknowledge(5, 1'000);
  EXPECT_EQ(look(host), (Runs{{5, 5}}));
  const std::uint32_t size = (*memory).size;
  host.give(10, size - 10);
  worker.give(size);
  worker.acknowledge(0, size);
  EXPECT_EQ(look(host).back().first, 10u);
  // They have the places of the first ten.
  host.give(size, 10);
  EXPECT_EQ(look(host), Runs{});
  worker.acknowledge(0, 10);
  EXPECT_EQ(look(host), Runs{});
  worker.give(size + 10);
  worker.acknowledge(0, 5);
  EXPECT_EQ(look(host), Runs{});
  worker.acknowledge(size + 9, 1);
  EXPECT_EQ(look(host), (Runs{{size + 9, 1}}));
}

// What wraps around 255 rounds meets a mark like its own.
TEST(WorkerAcknowledgements, AnOldMarkIsNoNewOne) {
  Memory memory;
  OpenRecords host(*memory);
  Acknowledger worker(*memory);
  const RecordId round = (*memory).size;
  host.give(0, 1);
  worker.give(1);
  worker.acknowledge(0, 1);
  EXPECT_EQ(look(host), (Runs{{0, 1}}));
  for (RecordId given = 1; given < 255 * round;) {
    const std::uint64_t n = std::min<std::uint64_t>(10'000, 255 * round - given);
    host.give(given, n);
    given += n;
    // Done otherwise, without a mark.
    for (RecordId record = given - n; record < given; ++record) host.close(record);
    worker.give(given);
  }
  host.give(255 * round, 2);
  worker.give(255 * round + 2);
  EXPECT_EQ((*memory).mark_of(0), (*memory).mark_of(255 * round));
  worker.acknowledge(255 * round + 1, 1);  // the host looks at its neighbour too
  EXPECT_EQ(look(host), (Runs{{255 * round + 1, 1}}));
  EXPECT_TRUE(host.is_open(255 * round));
}

TEST(WorkerAcknowledgements, AsAModelHasThem) {
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    std::mt19937 random(seed);
    Memory memory;
    OpenRecords host(*memory);
    Acknowledger worker(*memory);
    std::set<RecordId> open, marked;
    RecordId next = 0;
    for (int step = 0; step < 400; ++step) {
      const RecordId oldest = open.empty() ? next : *open.begin();
      const std::uint64_t room = (*memory).most_open() - (next - oldest);
      const std::uint64_t count = std::min<std::uint64_t>(random() % 3 == 0 ? random() % 20'000 : random() % 100, room);
      host.give(next, count);
      for (std::uint64_t i = 0; i < count; ++i) open.insert(open.end(), next++);
      worker.give(next);
      for (int i = 0; i < 5; ++i) {
        const RecordId from = oldest + random() % (next - oldest + 70);
        const std::uint64_t n = random() % 5'000;
        worker.acknowledge(from, n);
        for (auto at = open.lower_bound(from); at != open.end() && *at < from + n; ++at) marked.insert(*at);
      }
      if (!open.empty() && random() % 4 == 0) {
        const RecordId one = *open.begin();
        EXPECT_TRUE(host.is_open(one));
        host.close(one);
        EXPECT_FALSE(host.is_open(one));
        open.erase(one);
        marked.erase(one);
      }
      if (random() % 10 == 0) {
        const RecordId upto = oldest + random() % (next - oldest + 1);
        host.close_before(upto);
        open.erase(open.begin(), open.lower_bound(upto));
        marked.erase(marked.begin(), marked.lower_bound(upto));
      }
      if (random() % 3 == 0) continue;
      std::set<RecordId> told;
      RecordId behind = 0;
      for (const auto& [first, n] : look(host)) {
        EXPECT_TRUE(told.empty() || first > behind) << "runs are whole, and in order";
        behind = first + n;
        for (RecordId record = first; record < first + n; ++record) told.insert(told.end(), record);
      }
      ASSERT_EQ(told, marked) << "seed " << seed << ", step " << step;
      for (const RecordId record : marked) open.erase(record);
      marked.clear();
    }
  }
}

// The worst that a worker can do: all that it can close is what it was given.
TEST(WorkerAcknowledgements, AnyBytesCloseNothingThatWasNotGiven) {
  for (int value = 0; value < 256; ++value) {
    Memory memory;
    OpenRecords host(*memory);
    host.give(0, 1'000);
    host.close(7);
    memory.fill(static_cast<char>(value));
    RecordId behind = 0;
    for (const auto& [first, n] : look(host)) {
      EXPECT_GE(first, behind);
      behind = first + n;
      EXPECT_LE(behind, 1'000u);
      EXPECT_FALSE(first <= 7 && 7 < behind);
    }
    EXPECT_EQ(look(host), Runs{});
  }
}

// Records that fell out of the memory are no longer open, nor are those that will have their places.
TEST(WorkerAcknowledgements, WhatIsForgottenIsNotOpen) {
  Memory memory;
  OpenRecords host(*memory);
  const RecordId round = (*memory).size;
  host.give(0, round);
  host.give(round, 1);
  EXPECT_FALSE(host.is_open(0));
  EXPECT_FALSE(host.is_open(round + 1));
  EXPECT_TRUE(host.is_open(round));
  EXPECT_TRUE(host.is_open(AckMemory::block));
  for (std::uint64_t i = 0; i < round / 64 / 64; ++i) (*memory).touched[i] = ~std::uint64_t{0};
  for (RecordId record = round; record < 2 * round; ++record) (*memory).mark(record) = (*memory).mark_of(record);
  EXPECT_EQ(look(host), (Runs{{round, 1}}));
}

TEST(WorkerAcknowledgements, TheHostIsWokenOnceBetweenLooks) {
  Memory memory;
  OpenRecords host(*memory);
  Acknowledger worker(*memory);
  host.give(0, 100);
  worker.give(100);
  worker.acknowledge(0, 1);
  EXPECT_TRUE(worker.wake());
  EXPECT_TRUE(host.woken());
  worker.acknowledge(1, 1);
  EXPECT_FALSE(worker.wake());
  EXPECT_EQ(look(host), (Runs{{0, 2}}));
  EXPECT_FALSE(host.woken());
  worker.acknowledge(2, 1);
  EXPECT_TRUE(worker.wake());
}

// A report that leads to another batch at once.
TEST(WorkerAcknowledgements, AReportMayGive) {
  Memory memory;
  OpenRecords host(*memory);
  Acknowledger worker(*memory);
  host.give(0, 200);
  worker.give(200);
  worker.acknowledge(0, 10);
  worker.acknowledge(100, 100);
  RecordId given = 200;
  Runs runs;
  host.look([&](RecordId first, std::uint64_t count) {
    runs.emplace_back(first, count);
    host.give(given, 1'000);
    given += 1'000;
  });
  EXPECT_EQ(runs, (Runs{{0, 10}, {100, 100}}));
  worker.give(given);
  worker.acknowledge(199, given);
  EXPECT_EQ(look(host), (Runs{{200, 2'000}}));
}

}  // namespace
}  // namespace kclhost::host::worker
