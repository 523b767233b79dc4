// One instance's life: the table that it is given, and what its rules are. No part of the interface.
#ifndef KCLHOST_TESTING_DETAIL_LIFE_HPP
#define KCLHOST_TESTING_DETAIL_LIFE_HPP

#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>
#include <kclhost/testing/detail/shard.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kclhost::testing::detail {

inline std::string own(kclhost_string text) {
  return std::string(kclhost::detail::view(text));
}

inline std::string text_of(const Position& position) {
  return position.sequence_number() + "/" + std::to_string(position.sub_sequence_number());
}

class Life {
 public:
  enum class End { none, died, destroyed };

  Life(Shard& shard, const kclhost_plugin& table) : plugin(table), start(shard.finished()), shard_(shard) {
    application_ = shard.application;
    stream_ = shard.stream;
    shard_id_ = shard.shard_id;
    host.struct_size = sizeof host;
    host.abi_minor = KCLHOST_ABI_MINOR;
    host.context = this;
    host.version = KCLHOST_STRING("testing");
    host.plugin_path = KCLHOST_STRING("plugin.so");
    host.application = kclhost::detail::text(application_);
    host.stream = kclhost::detail::text(stream_);
    host.shard_id = kclhost::detail::text(shard_id_);
    host.lane = shard.lane;
    host.lane_count = shard.lane_count;
    host.log = [](void* context, std::int32_t level, kclhost_string text) { of(context).log(level, text); };
    host.log_enabled = [](void* context, std::int32_t level) -> std::int32_t { return of(context).log_enabled(level); };
    host.register_metric = [](void* context, const kclhost_metric_spec* spec, kclhost_metric** metric,
                              kclhost_error* error) {
      if (metric != nullptr) *metric = nullptr;
      if (spec != nullptr && metric != nullptr) return of(context).register_metric(*spec, *metric, error);
      return answer({KCLHOST_ILLEGAL_ARGUMENT, "", "a metric needs a specification, and a place for it"}, error);
    };
    host.record_metric = [](kclhost_metric* metric, double value) {
      if (metric == nullptr) return;  // it could not be made
      auto& handle = *reinterpret_cast<Metric*>(metric);
      handle.life->record_metric(*handle.series, value);
    };
    host.should_stop = [](void* context) { return of(context).should_stop(); };
    host.remaining_ms = [](void* context) { return of(context).remaining_ms(); };
    host.finish_reason = [](void* context) -> std::int32_t {
      const std::lock_guard lock(of(context).shard_.mutex);
      return of(context).finish;
    };
    host.set_tick_interval = [](void* context, std::uint32_t interval) { of(context).set_tick_interval(interval); };
    host.checkpoint = [](kclhost_checkpointer* checkpointer, const kclhost_string* sequence_number,
                         std::int64_t sub_sequence_number, kclhost_error* error) {
      auto& handle = *reinterpret_cast<Handle*>(checkpointer);
      return handle.life->checkpoint(handle, sequence_number, sub_sequence_number, error);
    };
    host.checkpoint_all = [](kclhost_checkpointer* checkpointer, kclhost_error* error) {
      auto& handle = *reinterpret_cast<Handle*>(checkpointer);
      return handle.life->checkpoint_all(handle, error);
    };
    host.acknowledge = [](void* context, std::uint64_t first, std::uint64_t count) {
      of(context).acknowledge(first, count);
    };
    host.reject = [](void* context, std::uint64_t id, kclhost_string why) { return of(context).reject(id, own(why)); };
    host.get_extension = [](void*, kclhost_string) -> const void* { return nullptr; };
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  bool checkpoints() const { return (plugin.flags & KCLHOST_PLUGIN_CHECKPOINTS) != 0; }
  bool acknowledges() const { return (plugin.flags & KCLHOST_PLUGIN_ACKNOWLEDGES) != 0; }
  bool holds() const { return checkpoints() || acknowledges(); }

  // A call begins, on this thread, with what checkpoints in it; and is over. With the shard unlocked.
  kclhost_checkpointer* call_begins(bool process_records = false) {
    const std::lock_guard lock(shard_.mutex);
    in_process_records_ = process_records;
    handles_.push_back({this, true});
    thread_ = std::this_thread::get_id();
    in_call_ = true;
    return reinterpret_cast<kclhost_checkpointer*>(&handles_.back());
  }
  void call_ends() {
    const std::lock_guard lock(shard_.mutex);
    in_call_ = in_process_records_ = false;
    finish = KCLHOST_FINISH_NO;
    handles_.back().open = false;
  }

  const kclhost_plugin& plugin;
  kclhost_host host{};
  void* self = nullptr;
  // The rest with the shard locked.
  End end = End::none;
  const Position start;
  Position reach = start;           // the last record that it has accepted, or is being given
  std::vector<Kept*> given{};       // by the record's id
  std::uint64_t first_of_call = 0;  // the id of the first record of the call under way, or of the last one
  std::optional<std::uint32_t> tick_interval{};
  std::int32_t finish = KCLHOST_FINISH_NO;  // of the call under way

 private:
  struct Handle {
    Life* life;
    bool open;
  };
  struct Metric {
    Life* life;
    Series* series;
  };

  static Life& of(void* context) { return *static_cast<Life*>(context); }

  // Whether this instance is to be heard. One that died is not: its process would be gone.
  bool is_heard(const char* function) {
    std::unique_lock lock(shard_.mutex);
    if (end == End::none) return true;
    const bool destroyed = end == End::destroyed;
    lock.unlock();
    if (destroyed) shard_.broken(std::string(function) + " was called after destroy");
    return false;
  }
  // Its process would be gone. Its threads go on here, and must not fail for that.
  bool has_died() {
    const std::lock_guard lock(shard_.mutex);
    return end == End::died;
  }
  bool on_thread_of_call() const { return in_call_ && thread_ == std::this_thread::get_id(); }

  static kclhost_status answer(const CheckpointAnswer& answer, kclhost_error* error) {
    if (error != nullptr && kclhost::detail::reaches(*error, error->message)) {
      std::snprintf(error->name, sizeof error->name, "%s", answer.name.c_str());
      std::snprintf(error->message, sizeof error->message, "%s", answer.message.c_str());
    }
    return answer.code;
  }

  void log(std::int32_t level, kclhost_string text) {
    if (!is_heard("log")) return;
    if (text.data == nullptr && text.size != 0) return shard_.broken("a log line is NULL, and not empty");
    if (level < KCLHOST_LOG_TRACE || level > KCLHOST_LOG_ERROR) {
      return shard_.broken("there is no log level " + std::to_string(level));
    }
    const std::lock_guard lock(shard_.mutex);
    const auto named = static_cast<LogLevel>(level);
    if (named >= shard_.log_level) shard_.logs.push_back({named, own(text)});
  }

  std::int32_t log_enabled(std::int32_t level) {
    const std::lock_guard lock(shard_.mutex);
    return level >= static_cast<std::int32_t>(shard_.log_level);
  }

  kclhost_status register_metric(const kclhost_metric_spec& spec, kclhost_metric*& metric, kclhost_error* error) {
    if (!is_heard("register_metric") && !has_died()) return KCLHOST_INVALID_STATE;
    const std::lock_guard lock(shard_.mutex);
    try {
      Series& series = shard_.metrics.make(spec);
      Metric& handle = metrics_.try_emplace(&series, Metric{this, &series}).first->second;
      metric = reinterpret_cast<kclhost_metric*>(&handle);
      return KCLHOST_OK;
    } catch (const std::invalid_argument& refused) {
      return answer({KCLHOST_ILLEGAL_ARGUMENT, "", refused.what()}, error);
    }
  }

  void record_metric(Series& series, double value) {
    if (!is_heard("record_metric")) return;
    if (!std::isfinite(value)) return shard_.broken("metric " + series.name() + ": no finite number");
    if (series.kind == KCLHOST_METRIC_COUNTER && value < 0) {
      return shard_.broken("metric " + series.name() + ": a counter never goes down");
    }
    const std::lock_guard lock(shard_.mutex);
    series.values.push_back(value);
  }

  std::int32_t should_stop() {
    const std::lock_guard lock(shard_.mutex);
    return static_cast<std::int32_t>(shard_.stop);
  }

  std::int64_t remaining_ms() {
    const std::lock_guard lock(shard_.mutex);
    if (!in_call_) return -1;
    return shard_.stop == StopReason::deadline ? 0 : std::int64_t{shard_.remaining.count()};
  }

  void set_tick_interval(std::uint32_t interval_ms) {
    if (!is_heard("set_tick_interval")) return;
    std::unique_lock lock(shard_.mutex);
    const bool allowed = on_thread_of_call();
    if (allowed) tick_interval = interval_ms;
    lock.unlock();
    if (!allowed) shard_.broken("set_tick_interval was called outside of a call, or on another thread than the call's");
    if (plugin.tick == nullptr) shard_.broken("set_tick_interval: the plugin has no tick");
  }

  // What is wrong with a checkpoint before anybody looks at its position; empty: nothing.
  std::string objection(const Handle& handle) {
    if (!checkpoints()) return "a checkpoint by a plugin that leaves checkpoints to the host";
    const std::lock_guard lock(shard_.mutex);
    if (!handle.open) return "a checkpoint after the call that brought the checkpointer";
    if (!on_thread_of_call()) return "a checkpoint on another thread than the call's";
    return "";
  }

  kclhost_status refuse(kclhost_status code, const char* name, const std::string& rule, kclhost_error* error) {
    shard_.broken(rule);
    return answer({code, name, rule}, error);
  }

  kclhost_status checkpoint(const Handle& handle, const kclhost_string* sequence_number,
                            std::int64_t sub_sequence_number, kclhost_error* error) {
    constexpr const char* illegal = "IllegalArgumentException";
    if (!is_heard("checkpoint")) return KCLHOST_INVALID_STATE;
    if (const std::string why = objection(handle); !why.empty()) {
      return refuse(KCLHOST_INVALID_STATE, "InvalidStateException", why, error);
    }
    if (sequence_number == nullptr) {
      return refuse(KCLHOST_ILLEGAL_ARGUMENT, illegal, "a checkpoint without a sequence number", error);
    }
    const std::string number = own(*sequence_number);
    if (!is_number(number)) {
      return refuse(KCLHOST_ILLEGAL_ARGUMENT, illegal, "a checkpoint at \"" + number + "\", which is no number", error);
    }
    std::unique_lock lock(shard_.mutex);
    Position position(number, sub_sequence_number);
    if (sub_sequence_number < 0) {  // all of it, as far as it was given
      position = {number, 0};
      for (const Kept* one : given) {
        if (one->record.sequence_number == number) position = std::max(position, one->record.position());
      }
    }
    std::string rule;
    if (position > reach) {
      rule = "the last record that the instance has is " + text_of(reach);
    } else if (position < shard_.recorded) {
      rule = "the last checkpoint was at " + text_of(shard_.recorded);
    }
    if (!rule.empty()) {
      lock.unlock();
      return refuse(KCLHOST_ILLEGAL_ARGUMENT, illegal, "a checkpoint at " + text_of(position) + ", and " + rule, error);
    }
    return answer(ask({position, false, {}}), error);
  }

  kclhost_status checkpoint_all(const Handle& handle, kclhost_error* error) {
    if (!is_heard("checkpoint_all")) return KCLHOST_INVALID_STATE;
    if (const std::string why = objection(handle); !why.empty()) {
      return refuse(KCLHOST_INVALID_STATE, "InvalidStateException", why, error);
    }
    const std::lock_guard lock(shard_.mutex);
    return answer(ask({reach, true, {}}), error);
  }

  // With the lock: what the KCL says, and what follows from it.
  CheckpointAnswer ask(Checkpoint checkpoint) {
    if (shard_.lease_is_lost) {
      checkpoint.answer = lease_lost();
    } else if (!shard_.answers.empty()) {
      checkpoint.answer = shard_.answers.front();
      shard_.answers.pop_front();
    }
    shard_.lease_is_lost |= checkpoint.answer.code == KCLHOST_SHUTDOWN;
    if (checkpoint.answer.code == KCLHOST_OK) {
      shard_.recorded = checkpoint.position;
      for (auto& [position, one] : shard_.kept) {
        if (position > checkpoint.position) break;
        shard_.finish(one);
      }
    }
    shard_.checkpoints.push_back(checkpoint);
    return checkpoint.answer;
  }

  void acknowledge(std::uint64_t first, std::uint64_t count) {
    if (!is_heard("acknowledge")) return;
    if (!acknowledges()) return shard_.broken("records are acknowledged by a plugin that does not say it would");
    std::unique_lock lock(shard_.mutex);
    const std::uint64_t known = given.size();
    for (std::uint64_t id = first; id < known && id - first < count; ++id) {
      Kept& one = *given[id];
      if (one.id != id || !one.is_with_instance()) continue;
      shard_.acknowledged.push_back(one.record.data);
      shard_.finish(one);
    }
    lock.unlock();
    if (count > known || first > known - count) {
      shard_.broken("record " + std::to_string(std::max(first, known)) +
                    " is acknowledged, and the instance was never given it");
    }
  }

  kclhost_status reject(std::uint64_t id, const std::string& reason) {
    if (!is_heard("reject")) return has_died() ? KCLHOST_OK : KCLHOST_ILLEGAL_ARGUMENT;
    std::string rule;
    {
      const std::lock_guard lock(shard_.mutex);
      if (id >= given.size()) {
        rule = "the instance was never given it";
      } else if (!acknowledges() && !in_process_records_) {
        rule = "no process_records is under way";
      } else if (!acknowledges() && id < first_of_call) {
        rule = "it is of an earlier call";
      } else if (given[id]->id != id || given[id]->state == Kept::State::done) {
        rule = "it is done, or has another id by now";
      } else if (!given[id]->is_with_instance()) {
        return KCLHOST_OK;  // too late, and no mistake
      } else {
        Kept& one = *given[id];
        shard_.rejections.push_back({one.record.data, one.record.position(), reason});
        shard_.finish(one);
        return KCLHOST_OK;
      }
    }
    shard_.broken("record " + std::to_string(id) + " is rejected: " + rule);
    return KCLHOST_ILLEGAL_ARGUMENT;
  }

  Shard& shard_;
  std::string application_, stream_, shard_id_;
  std::deque<Handle> handles_{};  // which stay where they are, for plugins that keep them
  std::map<Series*, Metric> metrics_{};
  std::thread::id thread_{};
  bool in_call_ = false, in_process_records_ = false;
};

}  // namespace kclhost::testing::detail

#endif  // KCLHOST_TESTING_DETAIL_LIFE_HPP
