#include "launch/heap.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace kclhost::host::launch {
namespace {

constexpr std::uint64_t kib = 1 << 10, mib = 1 << 20;

// What the daemon itself holds.
constexpr std::uint64_t daemons_own = 40 * mib;
// A shard holds up to three batches that were read ahead, the one that is processed, and the one that arrives; the last
// two in several forms at once: as received, as records, as JSON.
constexpr std::uint64_t batches_a_shard = 8;
// Kinesis answers a read with no more than that, and takes no higher maxRecords.
constexpr std::uint64_t largest_read = 10 * mib, most_records_in_a_read = 10'000;

// Twelve shards that all have a backlog, whatever the size of its records.
constexpr std::uint64_t room_for_largest_reads = daemons_own + 12 * batches_a_shard * largest_read;

// Of records that a shard takes in a second, and of milliseconds between two reads: the KCL allows no less.
constexpr std::uint64_t most_records_a_second = 1000, shortest_pause = 200;

// Each of the JVM's suffixes; nothing for what it would refuse.
std::optional<std::uint64_t> parse_jvm_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (suffix.empty()) return number;
  constexpr std::string_view suffixes = "kmgt";
  const auto power = suffixes.find(static_cast<char>(suffix[0] | 0x20));
  if (suffix.size() != 1 || power == std::string_view::npos) return std::nullopt;
  return number << 10 * (power + 1);
}

std::optional<std::uint64_t> parse_share(std::string_view text, std::uint64_t memory) {
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc{} || end != text.data() + text.size() || percent <= 0 || percent > 100) return std::nullopt;
  return static_cast<std::uint64_t>(static_cast<double>(memory) * percent / 100);
}

}  // namespace

std::optional<std::uint64_t> heap_of_options(const config::Daemon& daemon, std::uint64_t memory) {
  std::optional<std::uint64_t> size, share;
  for (const std::string_view option : daemon.jvm_options) {  // the last one counts
    for (const std::string_view name : {"-Xmx", "-XX:MaxHeapSize="})
      if (option.starts_with(name)) size = parse_jvm_size(option.substr(name.size()));
    if (constexpr std::string_view name = "-XX:MaxRAMPercentage="; option.starts_with(name))
      share = parse_share(option.substr(name.size()), memory);
  }
  return size ? size : share;
}

std::uint64_t heap_limit(const config::Daemon& daemon, std::uint64_t memory) {
  if (const auto set = heap_of_options(daemon, memory)) return *set;
  if (daemon.heap) return *daemon.heap;
  const std::uint64_t most = daemon.profile == config::Profile::small ? 512 * mib : 1024 * mib;
  return std::clamp(memory / 4 / static_cast<std::uint64_t>(daemon.daemons), 64 * mib, most);
}

std::uint64_t records_a_read(std::uint64_t heap) {
  // A read costs the JVM as much as hundreds of records do, so as few as fit.
  return heap >= room_for_largest_reads ? 2000 : std::clamp<std::uint64_t>(heap / mib, 200, 1000);
}

std::uint64_t pause_between_reads(std::uint64_t records) {
  return std::max(records * 1000 / (2 * most_records_a_second), shortest_pause);
}

std::uint64_t records_a_read(std::uint64_t heap, std::uint64_t pause) {
  constexpr std::uint64_t longest_pause = most_records_in_a_read * 1000 / (2 * most_records_a_second);
  return std::max(records_a_read(heap), 2 * most_records_a_second * std::min(pause, longest_pause) / 1000);
}

std::uint64_t shards_held(std::uint64_t heap, std::uint64_t records) {
  const std::uint64_t a_shard = batches_a_shard * std::min(std::max<std::uint64_t>(records, 1) * kib, largest_read);
  return heap > daemons_own ? (heap - daemons_own) / a_shard : 0;
}

}  // namespace kclhost::host::launch
