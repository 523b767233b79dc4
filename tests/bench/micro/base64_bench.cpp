// Base64 decoded by every kernel that the processor can do, beside the strict decoder and OpenSSL's.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <cstring>

#include "lines.hpp"
#include "support/base64_decode.hpp"

namespace kclhost::host::bench {
namespace {

// Calls decode with a fresh copy of so many bytes' text.
template <class Decode>
void measure(benchmark::State& state, Decode decode) {
  std::string text, copy;
  base64::encode(random_bytes(static_cast<std::size_t>(state.range(0)), 1), text);
  copy = text;
  copy.reserve(copy.size() + base64_overreach);
  for (auto _ : state) {
    std::memcpy(copy.data(), text.data(), text.size());
    benchmark::DoNotOptimize(decode(copy.data(), copy.size()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void base64_copy(benchmark::State& state) {
  measure(state, [](char* text, std::size_t) { return text; });
}
void base64_by_kernel(benchmark::State& state, const Base64Kernel& kernel) {
  std::string out(static_cast<std::size_t>(state.range(0)) + base64_overreach, '\0');
  measure(state, [&](const char* text, std::size_t) { return decode_base64(text, out.data(), kernel); });
}
void base64_strict(benchmark::State& state) {
  std::string out(static_cast<std::size_t>(state.range(0)) + 3, '\0');
  measure(state, [&](char* text, std::size_t size) { return base64::decode({text, size}, out.data()); });
}
void base64_openssl(benchmark::State& state) {
  std::string out(static_cast<std::size_t>(state.range(0)) + 3, '\0');
  measure(state, [&](const char* text, std::size_t size) {
    return EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text),
                           static_cast<int>(size));
  });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(30)->Arg(100)->Arg(1024)->Arg(10240);
}
BENCHMARK(base64_copy)->Apply(sizes);
BENCHMARK(base64_strict)->Apply(sizes);
BENCHMARK(base64_openssl)->Apply(sizes);

const bool kernels_added = [] {
  for (const Base64Kernel& kernel : base64_kernels()) {
    if (!kernel.usable) continue;
    const std::string name = std::string("base64_") + kernel.name;
    sizes(benchmark::RegisterBenchmark(name.c_str(), base64_by_kernel, kernel));
  }
  return true;
}();

}  // namespace
}  // namespace kclhost::host::bench
