// The floor in C++: reads all shards of a stream from their first record on, a thread and a connection for each, and
// keeps no leases and no checkpoints. What it costs is what reading costs.
//
//   bench_pipeline_floor ENDPOINT STREAM REGION RECORDS PAUSE QUIET
//
// RECORDS a read; PAUSE milliseconds between two reads of a shard, QUIET when it is read to its end. BENCH_ARRIVALS
// names a file, which gets a line for each batch: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "kinesis.hpp"

namespace {

struct Pace {
  std::size_t records;
  std::chrono::milliseconds pause, quiet;
};

class Notes {
 public:
  explicit Notes(const char* path) : file_(open(path ? path : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), "BENCH_ARRIVALS");
  }

  // From any thread: a line is written at once.
  void add(const std::string& shard, std::size_t records, std::size_t bytes) const {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const std::string line = std::to_string(std::chrono::nanoseconds(now).count()) + " " + shard + " " +
                             std::to_string(records) + " " + std::to_string(bytes) + "\n";
    if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw std::system_error(errno, std::generic_category(), "BENCH_ARRIVALS");
    }
  }

 private:
  int file_;
};

// To the shard's end. A reader that can't go on ends the program.
void read_shard(const bench::Stream& stream, const std::string& shard, const Pace& pace, const Notes& notes) try {
  bench::Kinesis kinesis(stream);
  std::string iterator = kinesis.first(shard);
  while (!iterator.empty()) {
    std::size_t bytes = 0;
    bench::Kinesis::Read read =
        kinesis.read(iterator, pace.records, [&bytes](std::string_view data) { bytes += data.size(); });
    if (read.records > 0) notes.add(shard, read.records, bytes);
    iterator = std::move(read.next);
    if (!iterator.empty()) std::this_thread::sleep_for(read.caught_up ? pace.quiet : pace.pause);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_pipeline_floor: %s: %s\n", shard.c_str(), error.what());
  std::_Exit(1);
}

int run(const std::vector<std::string>& words) {
  if (words.size() != 7) {
    std::fprintf(stderr, "usage: bench_pipeline_floor ENDPOINT STREAM REGION RECORDS PAUSE QUIET\n");
    return 2;
  }
  const bench::Stream stream{.endpoint = words[1], .name = words[2], .region = words[3]};
  const Pace pace{.records = std::stoul(words[4]),
                  .pause = std::chrono::milliseconds(std::stoul(words[5])),
                  .quiet = std::chrono::milliseconds(std::stoul(words[6]))};
  const Notes notes(std::getenv("BENCH_ARRIVALS"));
  std::vector<std::jthread> readers;
  for (const std::string& shard : bench::Kinesis(stream).shards()) {
    readers.emplace_back([&stream, shard, &pace, &notes] { read_shard(stream, shard, pace, notes); });
  }
  return 0;
}

}  // namespace

int main(int count, char** words) try {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return run({words, words + count});
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_pipeline_floor: %s\n", error.what());
  return 1;
}
