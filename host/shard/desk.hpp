// What the parts of a shard have in common: its actions, the time, and where it stands.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "batch/batch.hpp"
#include "batch/memory.hpp"
#include "batch/position.hpp"
#include "shard/actions.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host {

// So many records, and the bytes of their data and partition keys.
struct Amount {
  std::uint64_t records = 0, bytes = 0;

  void add(const RecordEntry& entry) {
    ++records;
    bytes += std::uint64_t{entry.data_size} + entry.partition_key_size;
  }
};

struct Desk {
  Desk(const config::Config& its_config, BatchMemory& its_memory, std::uint32_t seed)
      : config(its_config), memory(its_memory), random(seed) {}

  const config::Config& config;
  BatchMemory& memory;
  // In memory: what lies behind the batch. Kept records that are delivered again are laid out there.
  std::size_t behind_batch = 64;
  std::size_t free = 64;       // from here on nothing is in use
  std::uint32_t laid_out = 0;  // deliveries under way whose records lie there
  std::minstd_rand random;
  Actions actions;
  Now now;

  std::string shard_id;  // "" until the daemon's initialize
  bool greeted = false;  // the daemon's initialize was answered: later instances take over from earlier ones
  bool may_checkpoint = false;
  bool looking = false;       // for a new file of the plugin
  Position position;          // the last finished record, or where the daemon said to begin: new instances start here
  std::uint32_t found = 1;    // files of the plugin so far; their numbers are never used twice
  std::uint32_t source = 1;   // the one that new workers load
  std::uint32_t proven = 0;   // the last one that was loaded
  std::uint32_t workers = 0;  // started so far
  Amount set_aside;           // by this process
  Amount aside_before;        // by an earlier one, and come again
  bool ended = false;

  void batch_ends_at(std::size_t offset) { behind_batch = free = (offset + 7) / 8 * 8; }
  WorkerId new_worker() { return WorkerId{++workers}; }
  template <class A>
  void ask(A&& one) {
    actions.emplace_back(std::forward<A>(one));
  }
  void tell(config::LogLevel level, std::string text, std::vector<std::pair<const char*, std::string>> fields = {}) {
    ask(action::Tell{level, std::move(text), std::move(fields)});
  }
  void look_for_plugin() {
    if (!std::exchange(looking, true)) ask(action::LookForPlugin{});
  }
  void end(int exit_code, std::string message) {
    if (!std::exchange(ended, true)) ask(action::End{exit_code, std::move(message)});
  }
};

// "300ms", "2s".
inline std::string text_of(config::Milliseconds duration) {
  const auto ms = duration.count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

inline std::string joined(const std::vector<std::string>& stack) {
  std::string text;
  for (const std::string& frame : stack) text += (text.empty() ? "" : " < ") + frame;
  return text;
}

}  // namespace kclhost::host
