// What goes through the daemon's pipe: batches framed and decoded from a file that is in memory, statuses written to
// /dev/null; and a message handed to another thread and back over the kind of socket that host and worker share.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "lines.hpp"
#include "protocol/line_reader.hpp"
#include "protocol/writer.hpp"
#include "worker/channel.hpp"

namespace kclhost::host::bench {
namespace {

void read(benchmark::State& state) {
  const std::string line = batch_line(1000, static_cast<std::size_t>(state.range(0))) + "\n";
  const Fd file(::memfd_create("line", MFD_CLOEXEC));
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  SharedBuffer buffer;
  for (auto _ : state) {
    ::lseek(file.get(), 0, SEEK_SET);
    protocol::BatchDecoder decoder(buffer);
    protocol::LineReader reader(file.get(), decoder);
    while (!reader.ready()) reader.read_some();
    const auto rest = reader.take();
    if (!rest || !decoder.decode(*rest)) std::abort();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line.size()));
}
BENCHMARK(read)->Arg(100)->Arg(1024);

void encode_status(benchmark::State& state) {
  const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  protocol::Writer writer(nowhere.get());
  for (auto _ : state) {
    if (!writer.status("processRecords")) std::abort();
  }
}
BENCHMARK(encode_status);

void hand_over_and_back(benchmark::State& state) {
  auto ends = worker::Channel::make_pair();
  if (!ends) std::abort();
  constexpr auto wait = worker::Channel::Wait::yes;
  std::thread other([end = std::move(ends->second)]() mutable {
    worker::Channel channel(std::move(end));
    worker::Packet packet;
    while (channel.receive(packet, wait) == worker::Channel::Received::packet) {
      channel.send({.kind = worker::Kind::outcome}, {""}, wait);
    }
  });
  worker::Packet packet;
  for (auto _ : state) {
    ends->first.send({.kind = worker::Kind::call}, {}, wait);
    ends->first.receive(packet, wait);
  }
  ends->first.shut_down();
  other.join();
}
BENCHMARK(hand_over_and_back)->UseRealTime();

}  // namespace
}  // namespace kclhost::host::bench
