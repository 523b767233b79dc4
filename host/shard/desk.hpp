// What the parts of a shard have in common: its actions, the time, and where it stands.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch.hpp"
#include "batch/memory.hpp"
#include "batch/position.hpp"
#include "shard/actions.hpp"
#include "shard/pace.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host {

// So many records, and the bytes of their data and partition keys.
struct Amount {
  std::uint64_t records = 0, bytes = 0;

  void add(const RecordEntry& entry) {
    ++records;
    bytes += std::uint64_t{entry.data_size} + entry.partition_key_size;
  }
  void add(const Amount& more) {
    records += more.records;
    bytes += more.bytes;
  }
};

struct Desk {
  Desk(const config::Config& its_config, BatchMemory& its_memory, std::uint32_t seed)
      : config(its_config),
        memory(its_memory),
        random(seed),
        call_longer_than(its_config.rollout.undo_on.call_longer_than) {}

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
  bool begun = false;
  bool greeted = false;  // the daemon's initialize was answered: later instances take over from earlier ones
  bool may_checkpoint = false;
  bool lease_lost = false;    // the daemon said so: another process may be at work on the shard
  bool looking = false;       // for another release
  Position position;          // the last finished record, or where the daemon said to begin: new instances start here
  std::uint32_t release = 1;  // what is to run
  std::uint32_t before = 0;   // while that is on trial: the one whose opinion counts; 0: it is not
  std::uint32_t proven = 0;   // the last one that was not on trial, and that an instance was initialized of
  bool taken = false;         // an instance of `release` was initialized
  std::vector<std::uint32_t> runs;  // of each lane, the release that was initialized last; 0: none yet
  // Of releases that are not on trial; a tick and a flush count as a record.
  Pace records_pace, tick_pace, flush_pace;
  Time call_longer_than;      // rollout.undo_on's
  std::uint32_t workers = 0;  // started so far
  Amount set_aside;           // by this process
  Amount aside_before;        // by an earlier one, and come again
  bool ended = false;

  void batch_ends_at(std::size_t offset) { behind_batch = free = (offset + 7) / 8 * 8; }
  static bool calls(const Action& one, WorkerId worker) {
    const auto* const call = std::get_if<action::CallWorker>(&one);
    return call != nullptr && call->worker == worker;
  }
  // What was laid out behind the batch is in no use any more, unless it is still to be reported.
  void free_parts() {
    const auto reads_them = [](const Action& one) { return std::holds_alternative<action::WriteCrashReport>(one); };
    if (laid_out == 0 && std::none_of(actions.begin(), actions.end(), reads_them)) free = behind_batch;
  }
  // The worker was not sent its last call yet: several events may come before what they ask for is done.
  bool has_call_for(WorkerId worker) const {
    return std::any_of(actions.begin(), actions.end(), [worker](const Action& one) { return calls(one, worker); });
  }
  WorkerId new_worker() { return WorkerId{++workers}; }
  template <class A>
  void ask(A&& one) {
    actions.emplace_back(std::forward<A>(one));
  }
  void tell(config::LogLevel level, std::string text, std::vector<std::pair<const char*, std::string>> fields = {}) {
    ask(action::Tell{level, std::move(text), std::move(fields)});
  }
  void look_for_release() {
    if (!std::exchange(looking, true)) ask(action::LookForRelease{});
  }
  // This release is no good: what there was before goes on.
  void refuse(std::uint32_t one, std::string why) {
    if (go_back_from(one)) ask(action::ReleaseRefused{one, std::move(why)});
  }
  void undo(std::uint32_t one, std::string why) {
    if (go_back_from(one)) ask(action::ReleaseUndone{one, std::move(why)});
  }
  void run(std::uint32_t one, std::uint32_t its_before) {
    taken &= one == release;
    release = one;
    before = its_before == one ? 0 : its_before;
    if (taken && before == 0) proven = release;
  }
  void take(std::uint32_t lane, std::uint32_t one) {
    if (one == release) taken = true;
    if (one == trusted() || proven == 0) proven = one;
    runs.resize(config.concurrency);
    runs[lane] = one;
    const bool by_all = std::count(runs.begin(), runs.end(), one) == std::ssize(runs);
    ask(action::ReleaseTaken{one, by_all});
  }
  // Whose failures are the records'. All others are asked about again.
  std::uint32_t trusted() const { return before != 0 ? before : release; }
  std::uint32_t last_good() const { return before != 0 ? before : proven; }
  bool can_go_back_from(std::uint32_t one) const { return release == one && last_good() != 0 && last_good() != one; }
  bool go_back_from(std::uint32_t one) {
    if (!can_go_back_from(one)) return false;
    run(last_good(), 0);
    return true;
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
