// Threads of a plugin acknowledge while the host gives and looks, and sleeps in between: it must never sleep through
// one.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "support/fd.hpp"
#include "worker/acknowledgements.hpp"

namespace kclhost::host::worker {
namespace {

class Orders {
 public:
  void put(RecordId record) {
    const std::lock_guard lock(changing_);
    records_.push_back(record);
    changed_.notify_one();
  }
  void end(int threads) {
    for (int i = 0; i < threads; ++i) put(over);
  }
  RecordId take() {
    std::unique_lock lock(changing_);
    changed_.wait(lock, [this] { return !records_.empty(); });
    const RecordId record = records_.front();
    records_.pop_front();
    return record;
  }
  static constexpr RecordId over = ~RecordId{0};

 private:
  std::mutex changing_;
  std::condition_variable changed_;
  std::deque<RecordId> records_;
};

TEST(WorkerAcknowledgementsRace, TheHostSleepsThroughNone) {
  constexpr int threads = 4;
  constexpr RecordId all = 200'000;
  constexpr std::uint32_t size = AckMemory::least;
  std::vector<std::uint64_t> bytes(AckMemory::bytes(size) / 8 + 16);
  void* at = bytes.data();
  std::size_t room = bytes.size() * 8;
  const AckMemory memory = AckMemory::at(std::align(64, AckMemory::bytes(size), at, room), size);
  OpenRecords host(memory);
  Acknowledger worker(memory);
  const Fd bell(::eventfd(0, EFD_CLOEXEC));
  Orders orders;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (RecordId record; (record = orders.take()) != Orders::over;) {
        worker.acknowledge(record, 1);
        const std::uint64_t one = 1;
        if (worker.wake() && ::write(bell.get(), &one, sizeof one) != sizeof one) std::abort();
      }
    });
  }
  std::mt19937 random(1);
  std::vector<bool> done(all);
  RecordId given = 0, finished = 0;
  while (finished < all) {
    const RecordId n = std::min<RecordId>({random() % 64, all - given, size / 2 - (given - finished)});
    host.give(given, n);
    worker.give(given + n);
    std::vector<RecordId> batch(n);
    for (RecordId& record : batch) record = given++;
    std::shuffle(batch.begin(), batch.end(), random);
    for (const RecordId record : batch) orders.put(record);
    if (given < all && given - finished < 1'000) continue;
    std::uint64_t rings = 0;
    ASSERT_EQ(::read(bell.get(), &rings, sizeof rings), 8);  // the host sleeps
    host.look([&](RecordId first, std::uint64_t count) {
      for (RecordId record = first; record < first + count; ++record) {
        ASSERT_LT(record, given);
        ASSERT_FALSE(done[record]) << record;
        done[record] = true;
        ++finished;
      }
    });
  }
  orders.end(threads);
  for (std::thread& one : workers) one.join();
}

}  // namespace
}  // namespace kclhost::host::worker
