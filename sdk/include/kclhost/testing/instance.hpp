// An instance of a plugin, called as kclhost calls it. A testing::Host makes it.
#ifndef KCLHOST_TESTING_INSTANCE_HPP
#define KCLHOST_TESTING_INSTANCE_HPP

#include <kclhost/detail/table.hpp>
#include <kclhost/testing/detail/call.hpp>
#include <kclhost/testing/detail/life.hpp>
#include <kclhost/testing/detail/shard.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kclhost::testing {

// One thread at a time. Each call throws BrokenRule when the plugin broke one in it, and std::logic_error when it is
// the test that does what no host would. Destroying it destroys the plugin's instance.
class Instance {
 public:
  Instance(Instance&& other) noexcept
      : shard_(std::move(other.shard_)),
        life_(std::exchange(other.life_, nullptr)),
        created_(std::move(other.created_)),
        is_last_(other.is_last_),
        batch_(std::move(other.batch_)) {}
  Instance& operator=(Instance&&) = delete;
  ~Instance() { end(); }

  // What came of its constructor and of initialize. After a failure nothing can be called.
  const Outcome& created() const noexcept { return created_; }

  // Records without a sequence number get the next ones. What failed, or was lost with an instance before this one, is
  // in Host::unfinished(); where the test goes on with later records instead, they are set aside. The batch is spoilt
  // when the call is over: views that the plugin has kept show '!'.
  Outcome process_records(const Batch& batch) {
    require_alive("process_records");
    detail::Life& life = *life_;
    const Batch numbered = take(batch);
    const std::uint32_t attempt = batch.attempt().value_or(failures_ + 1);
    batch_ = std::make_unique<detail::BatchInCall>(numbered, life.first_of_call, attempt);
    const Outcome outcome = call(numbered.size(), true, [&](kclhost_checkpointer* checkpointer, kclhost_error* error) {
      return life.plugin.process_records(life.self, &batch_->c(), checkpointer, error);
    });
    batch_->spoil();
    settle(outcome);
    shard_->report();
    return outcome;
  }

  Outcome shard_ended() {
    const Outcome outcome = call_if_there("shard_ended", &kclhost_plugin::shard_ended, KCLHOST_FINISH_SHARD_ENDED);
    is_last_ = true;
    if (!outcome.ok() || life_->acknowledges()) return outcome;
    const std::lock_guard lock(shard_->mutex);  // the host checkpoints the shard's end
    for (detail::Kept* one : life_->given) shard_->finish(*one);
    return outcome;
  }
  Outcome lease_lost() {
    require_alive("lease_lost");
    is_last_ = true;
    if (life_->plugin.lease_lost == nullptr) return {};
    const Outcome outcome = call(0, false, [&](kclhost_checkpointer*, kclhost_error* error) {
      return life_->plugin.lease_lost(life_->self, error);
    });
    shard_->report();
    return outcome;
  }
  Outcome shutdown_requested() {
    return call_if_there("shutdown_requested", &kclhost_plugin::shutdown_requested, KCLHOST_FINISH_SHUTDOWN);
  }
  // why: swap, bisection or in_flight.
  Outcome flush(Reason why = Reason::swap) {
    if (why == Reason::shard_ended || why == Reason::shutdown) detail::misuse("flush has other reasons");
    return call_if_there("flush", &kclhost_plugin::flush,
                         why == Reason::bisection   ? KCLHOST_FINISH_BISECTION
                         : why == Reason::in_flight ? KCLHOST_FINISH_IN_FLIGHT
                                                    : KCLHOST_FINISH_SWAP);
  }
  // Whatever the interval: the test is the clock.
  Outcome tick() {
    require_alive("tick");
    if (!tick_interval()) detail::misuse("the plugin has asked for no ticks, and gets none");
    return call_if_there("tick", &kclhost_plugin::tick);
  }
  // Empty: the plugin wants no ticks.
  std::optional<std::chrono::milliseconds> tick_interval() const {
    const std::lock_guard lock(shard_->mutex);
    if (life_ == nullptr || life_->tick_interval.value_or(0) == 0) return std::nullopt;
    return std::chrono::milliseconds(*life_->tick_interval);
  }

  // The plugin's own object, where the test was compiled with it. Class is what Host::create was given.
  template <class Class>
  Class& as() {
    require_there("as");
    if (life_->plugin.create != &kclhost::detail::Thunks<Class>::create) {
      detail::misuse("the instance is of another class");
    }
    return static_cast<kclhost::detail::Instance<Class>*>(life_->self)->processor;
  }

  // Destroys the plugin's instance now.
  void destroy() {
    end();
    shard_->report();
  }
  // The instance's process dies: it is not destroyed, nothing that it still does is heard, and what it had is in
  // Host::unfinished(). Its memory stays as it is, and its threads go on.
  void die() {
    require_there("die");
    static auto* const graveyard = new std::vector<std::shared_ptr<detail::Shard>>;
    graveyard->push_back(shard_);
    is_over(detail::Life::End::died);
  }

 private:
  friend class Host;

  using Function = kclhost_status (*)(void*, kclhost_checkpointer*, kclhost_error*);

  // Begins the life.
  Instance(std::shared_ptr<detail::Shard> shard, const kclhost_plugin& plugin) : shard_(std::move(shard)) {
    std::string config;
    Beginning beginning{};
    {
      const std::lock_guard lock(shard_->mutex);
      if (shard_->alive != nullptr) detail::misuse("there is an instance already: destroy it, or let it die");
      shard_->lives.push_back(std::make_shared<detail::Life>(*shard_, plugin));
      life_ = shard_->alive = shard_->lives.back().get();
      config = shard_->config;
      beginning = shard_->forced_beginning.value_or(shard_->next_beginning);
      shard_->next_beginning = Beginning::start;
      shard_->forced_beginning.reset();
      if (beginning == Beginning::start) shard_->begin_lease();
    }
    const auto create = shard_->makes_shadows ? detail::shadow_of(plugin).create : plugin.create;
    created_ = call(0, false, [&](kclhost_checkpointer*, kclhost_error* error) {
      return create(&life_->host, kclhost::detail::text(config), &life_->self, error);
    });
    if (!created_.ok()) {  // there is nothing to destroy
      is_over(detail::Life::End::destroyed);
      return;
    }
    kclhost_initialization initialization{};
    initialization.struct_size = sizeof initialization;
    initialization.reason = static_cast<std::int32_t>(beginning);
    initialization.shard_id = life_->host.shard_id;
    initialization.sequence_number = kclhost::detail::text(life_->start.sequence_number());
    initialization.sub_sequence_number = life_->start.sub_sequence_number();
    created_ = call(0, false, [&](kclhost_checkpointer*, kclhost_error* error) {
      return plugin.initialize(life_->self, &initialization, error);
    });
    if (!created_.ok()) end();
  }

  void require_there(const char* function) const {
    if (life_ == nullptr && !created_.ok()) {
      detail::misuse(std::string(function) + ": the instance could not be made: " + created_.message);
    }
    if (life_ == nullptr) detail::misuse(std::string(function) + ": the instance is gone");
  }
  void require_alive(const char* function) const {
    require_there(function);
    if (is_last_) detail::misuse(std::string(function) + ": nothing comes after shard_ended and lease_lost");
  }

  template <class Body>
  Outcome call(std::size_t records, bool process_records, Body body) {
    kclhost_error error = kclhost::detail::no_error();
    kclhost_checkpointer* const checkpointer = life_->call_begins(process_records);
    const kclhost_status code = body(checkpointer, &error);
    life_->call_ends();
    std::string rule;
    Outcome outcome = detail::outcome_of(code, error, records, rule);
    if (!rule.empty()) shard_->broken(rule);
    return outcome;
  }

  Outcome call_if_there(const char* name, Function kclhost_plugin::*member, std::int32_t finish = KCLHOST_FINISH_NO) {
    require_alive(name);
    const Function function = life_->plugin.*member;
    if (function == nullptr) return {};
    {
      const std::lock_guard lock(shard_->mutex);
      life_->finish = finish;
    }
    const Outcome outcome = call(0, false, [&](kclhost_checkpointer* checkpointer, kclhost_error* error) {
      return function(life_->self, checkpointer, error);
    });
    shard_->report();
    return outcome;
  }

  // The batch with all its numbers; the shard's records are the instance's from now on.
  Batch take(const Batch& batch) {
    const std::lock_guard lock(shard_->mutex);
    detail::Life& life = *life_;
    if (batch.empty() && (life.plugin.flags & KCLHOST_PLUGIN_EMPTY_BATCHES) == 0) {
      detail::misuse("the plugin wants no empty batches, and gets none");
    }
    Batch numbered;
    Position last = life.reach;
    for (Record record : batch) {
      if (record.sequence_number.empty()) {
        record.sequence_number = detail::Shard::next_number(std::max(last, shard_->last).sequence_number());
      }
      const Position position = record.position();
      if (!detail::is_number(record.sequence_number)) {
        detail::misuse("no record has the sequence number \"" + record.sequence_number + "\"");
      }
      if (position <= last) {
        detail::misuse("record " + detail::text_of(position) + " comes behind " + detail::text_of(last) +
                       ": a shard's records come in order");
      }
      last = position;
      numbered.record(std::move(record));
    }
    if (batch.behind()) numbered.behind(*batch.behind());
    shard_->last = std::max(shard_->last, last);

    life.first_of_call = life.given.size();
    failures_ = 0;
    for (const Record& record : numbered) {
      detail::Kept& one = shard_->kept[record.position()];
      if (life.given.size() == life.first_of_call) failures_ = one.failures;
      one.record = record;
      one.state = detail::Kept::State::given;
      one.id = life.given.size();
      life.given.push_back(&one);
    }
    // Those that the test goes on without.
    for (auto& [position, one] : shard_->kept) {
      if (position > last) break;
      if (one.state == detail::Kept::State::waiting) shard_->finish(one);
    }
    before_ = std::exchange(life.reach, last);
    return numbered;
  }

  // What the outcome makes of the records of the call.
  void settle(const Outcome& outcome) {
    using State = detail::Kept::State;
    const std::lock_guard lock(shard_->mutex);
    detail::Life& life = *life_;
    life.reach = before_;
    const auto begin = static_cast<std::size_t>(life.first_of_call);
    const std::size_t count = life.given.size() - begin;
    for (std::size_t i = 0; i < count; ++i) {
      detail::Kept& one = *life.given[begin + i];
      const bool accepted = outcome.ok() || i < outcome.done;
      if (accepted) life.reach = one.record.position();
      if (one.state != State::given) continue;
      if (!accepted) {
        one.state = State::waiting;
        ++one.failures;
      } else if (life.holds()) {
        one.state = State::held;
      } else {
        shard_->finish(one);
      }
    }
  }

  void end() {
    if (life_ == nullptr) return;
    life_->plugin.destroy(life_->self);
    is_over(detail::Life::End::destroyed);
  }

  // What the instance still held comes again.
  void is_over(detail::Life::End how) {
    const std::lock_guard lock(shard_->mutex);
    for (detail::Kept* one : life_->given) {
      if (one->state != detail::Kept::State::held) continue;
      one->state = detail::Kept::State::waiting;
      if (how == detail::Life::End::died) ++one->failures;
    }
    if (how == detail::Life::End::died) shard_->next_beginning = Beginning::restart;
    life_->end = how;
    shard_->alive = nullptr;
    life_ = nullptr;
  }

  std::shared_ptr<detail::Shard> shard_;
  detail::Life* life_ = nullptr;  // null: it is over
  Outcome created_;
  bool is_last_ = false;  // nothing but destroy may come
  std::uint32_t failures_ = 0;
  Position before_;                             // the life's reach before the call
  std::unique_ptr<detail::BatchInCall> batch_;  // the last one
};

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_INSTANCE_HPP
