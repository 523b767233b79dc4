// What is outside of a random world's host: the daemon with its lease, the plugin, and whatever else goes wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "kclhost/plugin.h"
#include "policy/checkpoints.hpp"
#include "policy_world_promises.hpp"
#include "policy_world_setting.hpp"

namespace kclhost::host::policy {

// Faults that are no record's, as many as the setting has.
class Trouble {
 public:
  Trouble(Chance& chance, const Setting& setting, Promises& promises)
      : chance_(chance), promises_(promises), left_(setting.trouble) {}
  // Whether something goes wrong now.
  bool operator()(double rate) {
    if (left_ == 0 || !chance_(rate)) return false;
    --left_;
    promises_.expect_work(1);
    return true;
  }

 private:
  Chance& chance_;
  Promises& promises_;
  std::size_t left_;
};

// Takes checkpoints, and refuses some.
class DaemonSide final : public CheckpointRoute {
 public:
  // `maybe_die` is called where the host may end before, or after, the lease table has changed.
  DaemonSide(Chance& chance, const Setting& setting, Promises& promises, Trouble& trouble,
             std::function<void()> maybe_die)
      : chance_(chance), setting_(setting), promises_(promises), trouble_(trouble), maybe_die_(std::move(maybe_die)) {}

  // A host starts. Returns how many records are checkpointed.
  std::uint32_t begin() {
    lease_lost_ = false;
    return lease_;
  }
  std::uint32_t lease() const { return lease_; }
  bool lease_lost() const { return lease_lost_; }

 private:
  processor::CheckpointAnswer exchange(std::optional<std::string_view> sequence_number,
                                       std::optional<std::int64_t> sub_sequence_number) override {
    if (!sequence_number || !sub_sequence_number) throw Violation{"a checkpoint without a place"};
    const std::uint32_t index = promises_.checkpointed(*sequence_number, *sub_sequence_number);
    if (lease_lost_) throw Violation{"a checkpoint after the lease was lost"};
    maybe_die_();
    if (trouble_(setting_.checkpoint_error_rate)) {
      switch (chance_.between(0, 3)) {
        case 0:
          return {KCLHOST_THROTTLING, "ThrottlingException", ""};
        case 1:
          return {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", ""};
        case 2:
          return {KCLHOST_OTHER_EXCEPTION, "NullPointerException", ""};
        default:
          lease_lost_ = true;
          return {KCLHOST_SHUTDOWN, "ShutdownException", ""};
      }
    }
    if (index + 1 < lease_) throw Violation{"a checkpoint goes back"};
    lease_ = index + 1;
    maybe_die_();
    return {};
  }
  bool pause(config::Milliseconds) override { return true; }
  void warn(std::string_view) override {}

  Chance& chance_;
  const Setting& setting_;
  Promises& promises_;
  Trouble& trouble_;
  std::function<void()> maybe_die_;
  std::uint32_t lease_ = 0;  // records checkpointed
  bool lease_lost_ = false;
};

// How a call ends.
struct PluginAnswer {
  bool ends_the_host = false;
  std::optional<std::uint32_t> finished;  // nothing: all of them, the call says OK
};

// Gets records, and fails on some of them.
class PluginSide {
 public:
  PluginSide(Chance& chance, Setting& setting, Trouble& trouble)
      : chance_(chance), setting_(setting), trouble_(trouble) {}

  // `may_fail`: also for no record's fault. `divisible`: a range that failed is halved.
  PluginAnswer process(std::span<const std::uint32_t> records, bool may_fail, bool divisible) {
    const auto count = static_cast<std::uint32_t>(records.size());
    std::uint32_t bad = 0;
    while (bad < count && passes(setting_.records[records[bad]])) ++bad;
    const bool innocent = bad == count;
    if (!innocent) {
      Record& record = setting_.records[records[bad]];
      if (record.failures_left > 0) --record.failures_left;
      if (record.kind == Kind::kills_host) return {.ends_the_host = true, .finished = {}};
    } else if (may_fail && trouble_(setting_.failure_rate)) {
      bad = chance_.between(0, count - 1);
    } else {
      return {};
    }
    // A plugin that says how far it came may have come further.
    std::uint32_t finished = 0;
    if (chance_(0.5)) finished = chance_(0.5) ? bad : chance_.between(0, bad);
    // And a failure that is no record's fault must not become that of the last one, which may have been accepted
    // before.
    if (innocent && setting_.gives_up && divisible) finished = std::min(finished, count - 2);
    return {.ends_the_host = false, .finished = finished};
  }

 private:
  static bool passes(const Record& record) {
    return record.kind == Kind::good || (record.kind != Kind::bad && record.failures_left == 0);
  }

  Chance& chance_;
  Setting& setting_;
  Trouble& trouble_;
};

}  // namespace kclhost::host::policy
