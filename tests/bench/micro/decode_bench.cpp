// Decoding a batch, beside what RapidJSON takes to do nothing but walk over the same line. Each takes a fresh
// copy of the line; "Copy" is what that costs.
#include <benchmark/benchmark.h>
#include <rapidjson/reader.h>

#include <cstring>

#include "lines.hpp"
#include "protocol/batch_decoder.hpp"

namespace kclhost::host::bench {
namespace {

// By the arguments records and bytes of each.
class Line : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& state) override {
    line_ = batch_line(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    copy_.resize(line_.size() + protocol::BatchDecoder::overread);
  }

 protected:
  std::span<char> copy() {
    std::memcpy(copy_.data(), line_.data(), line_.size() + 1);
    benchmark::DoNotOptimize(copy_.data());
    return {copy_.data(), line_.size()};
  }
  void count(benchmark::State& state) const {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line_.size()));
  }

  std::string line_, copy_;
  SharedBuffer buffer_;
  protocol::BatchDecoder decoder_{buffer_};
};

BENCHMARK_DEFINE_F(Line, Copy)(benchmark::State& state) {
  for (auto _ : state) copy();
  count(state);
}

BENCHMARK_DEFINE_F(Line, Decode)(benchmark::State& state) {
  for (auto _ : state) {
    const auto message = decoder_.decode(copy());
    if (!message || message->batch.count != state.range(0)) std::abort();
  }
  count(state);
}

BENCHMARK_DEFINE_F(Line, RapidJsonWalk)(benchmark::State& state) {
  for (auto _ : state) {
    rapidjson::InsituStringStream stream(copy().data());
    rapidjson::BaseReaderHandler<> nobody;
    rapidjson::Reader reader;
    if (reader.Parse<rapidjson::kParseInsituFlag>(stream, nobody).IsError()) std::abort();
  }
  count(state);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1, 100})->Args({1000, 100})->Args({1000, 1024})->Args({1000, 10240})->Args({1, 10 << 20});
}
BENCHMARK_REGISTER_F(Line, Copy)->Apply(sizes);
BENCHMARK_REGISTER_F(Line, Decode)->Apply(sizes);
BENCHMARK_REGISTER_F(Line, RapidJsonWalk)->Apply(sizes);

}  // namespace
}  // namespace kclhost::host::bench
