// A shard with one lane, in a test's hands: it is told what happens, and what it asks for is looked at.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shard/shard.hpp"

namespace kclhost::host {

class ShardMemory final : public BatchMemory {
 public:
  char* base() override { return reinterpret_cast<char*>(words_); }
  bool reserve(std::size_t bytes) override { return bytes <= sizeof words_; }

 private:
  std::uint64_t words_[4096] = {};
};

class ShardConversation : public testing::Test {
 protected:
  // A plugin with these flags comes up, and the daemon's initialize is answered.
  void come_up(std::uint32_t flags) {
    shard.emplace(config, memory, 1, now);
    shard->begin(now);
    load(flags);
    shard->initialize("shard", "TRIM_HORIZON", 0, {}, now);
    create_and_initialize();
    EXPECT_TRUE(take<action::SendStatus>());
  }
  // The worker that is to be started has loaded a plugin with these flags.
  void load(std::uint32_t flags) {
    Descriptor about;
    about.id = "plugin";
    about.version = "1";
    about.flags = flags;
    about.ticks = true;
    about.most_open = most_open;
    worker = take<action::StartWorker>().value().worker;
    shard->loaded(worker, about, now);
  }
  void create_and_initialize() {
    for (int i = 0; i < 2; ++i) {
      const action::CallWorker call = take<action::CallWorker>().value();
      shard->outcome(call.worker, call.number, {}, 0, now);
    }
  }
  // The records of these numbers come, each with one byte of data.
  void send(unsigned first, unsigned last) {
    char* const base = memory.base();
    auto* const entries = reinterpret_cast<RecordEntry*>(base + 1024);
    std::uint32_t at = 64;
    for (unsigned number = first; number <= last; ++number) {
      const std::string text = std::to_string(number);
      text.copy(base + at, text.size());
      entries[number - first] = {at, 1, at, 1, at, static_cast<std::uint32_t>(text.size()), 0, KCLHOST_NO_TIMESTAMP};
      at += static_cast<std::uint32_t>(text.size());
    }
    shard->process_records({base, 1024, last + 1 - first, -1}, now);
  }
  // The actions since the last look are looked at again by take.
  void collect() {
    for (Action& one : std::exchange(shard->actions(), {})) actions.push_back(std::move(one));
  }
  // The first action of that kind; it is gone then.
  template <class Kind>
  std::optional<Kind> take() {
    collect();
    for (auto at = actions.begin(); at != actions.end(); ++at) {
      if (const auto* kind = std::get_if<Kind>(&*at)) {
        const Kind found = *kind;
        actions.erase(at);
        return found;
      }
    }
    return std::nullopt;
  }
  // The next call, which must be this one.
  action::CallWorker called(Call call) {
    const auto next = take<action::CallWorker>();
    EXPECT_TRUE(next) << "no call";
    if (!next) return {};
    EXPECT_EQ(next->request.call, call);
    return *next;
  }
  void over(const action::CallWorker& call, const Outcome& outcome = {}) {
    shard->outcome(call.worker, call.number, outcome, 0, now);
  }
  // The sequence number that the daemon is to record; "" when it is the shard's end.
  std::optional<std::string> checkpoint() {
    const auto sent = take<action::SendCheckpoint>();
    if (!sent) return std::nullopt;
    const std::string at(sent->sequence_number.value_or(""));
    shard->checkpoint_answered({}, now);
    return at;
  }
  // The plugin checkpoints the record of that number in the call, and the KCL says no.
  void refuse(const action::CallWorker& call, std::string_view number, const CheckpointAnswer& answer) {
    shard->wants_checkpoint(call.worker, call.number, number, 0, now);
    ASSERT_TRUE(take<action::SendCheckpoint>());
    shard->checkpoint_answered(answer, now);
  }
  // A line has been told that begins so.
  bool told(std::string_view text) {
    collect();
    return std::any_of(actions.begin(), actions.end(), [text](const Action& one) {
      const auto* const line = std::get_if<action::Tell>(&one);
      return line != nullptr && line->text.starts_with(text);
    });
  }
  bool answered() { return take<action::SendStatus>().has_value(); }
  void pass(Time duration) {
    now.steady += duration;
    shard->on_time(now);
  }

  config::Config config;
  ShardMemory memory;
  Now now{std::chrono::seconds(1'000), 1'700'000'000'000};
  std::optional<Shard> shard;
  WorkerId worker{};
  std::uint32_t most_open = 0;  // of the plugin that comes up
  Actions actions;
};

}  // namespace kclhost::host
