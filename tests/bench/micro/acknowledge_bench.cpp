// What an acknowledgement costs: the plugin's call, and the host that gives the records and looks.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "worker/acknowledgements.hpp"

namespace kclhost::host::bench {
namespace {

using worker::AckMemory;

class Memory {
 public:
  Memory() : bytes_(AckMemory::bytes(AckMemory::least) + 64), memory_(AckMemory::at(aligned(), AckMemory::least)) {}
  const AckMemory& operator*() const { return memory_; }

 private:
  void* aligned() {
    void* at = bytes_.data();
    std::size_t room = bytes_.size();
    return std::align(64, bytes_.size() - 64, at, room);
  }

  std::vector<char> bytes_;
  AckMemory memory_;
};

// Batches of 1,000 records; so many are acknowledged at a time.
void acknowledge(benchmark::State& state) {
  const auto at_once = static_cast<std::uint64_t>(state.range(0));
  constexpr std::uint64_t batch = 1000;
  Memory memory;
  worker::OpenRecords host(*memory);
  worker::Acknowledger plugin(*memory);
  std::uint64_t reported = 0;
  RecordId next = 0;
  for (auto _ : state) {
    host.give(next, batch);
    plugin.give(next + batch);
    for (RecordId id = next; id < next + batch; id += at_once) plugin.acknowledge(id, at_once);
    next += batch;
    host.look([&](RecordId, std::uint64_t count) { reported += count; });
  }
  if (reported != next) std::abort();
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(acknowledge)->Arg(1)->Arg(1000);

}  // namespace
}  // namespace kclhost::host::bench
