// A host for one instance, which writes down what the plugin asks of it.
#pragma once

#include <kclhost/plugin.h>

#include <cstddef>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct FakeHost {
  struct Log {
    std::int32_t level;
    std::string text;
  };
  struct Metric {
    std::int32_t kind;
    std::string name, unit, help;
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<double> values;
  };
  struct Checkpoint {
    kclhost_checkpointer* handle;
    std::optional<std::string> sequence_number;  // empty: all
    std::int64_t sub_sequence_number;
  };
  struct Rejection {
    std::uint64_t id;
    std::string reason;
  };

  FakeHost() {
    table.struct_size = sizeof table;
    table.context = this;
    table.version = string("9.9.9");
    table.application = string("orders");
    table.stream = string("clicks");
    table.shard_id = string("shardId-1");
    table.lane = 2;
    table.lane_count = 3;
    table.log = [](void* self, std::int32_t level, kclhost_string text) {
      of(self).logs.push_back({level, string(text)});
    };
    table.log_enabled = [](void* self, std::int32_t level) -> std::int32_t { return level >= of(self).log_level; };
    table.register_metric = [](void* self, const kclhost_metric_spec* spec, kclhost_metric** metric,
                               kclhost_error* error) { return of(self).make_metric(*spec, metric, error); };
    table.record_metric = [](kclhost_metric* metric, double value) {
      reinterpret_cast<Metric*>(metric)->values.push_back(value);
    };
    table.should_stop = [](void* self) -> std::int32_t { return of(self).stop; };
    table.finish_reason = [](void* self) -> std::int32_t { return of(self).finish_reason; };
    table.remaining_ms = [](void* self) -> std::int64_t { return of(self).remaining_ms; };
    table.set_tick_interval = [](void* self, std::uint32_t interval_ms) { of(self).tick_interval_ms = interval_ms; };
    table.checkpoint = [](kclhost_checkpointer* handle, const kclhost_string* sequence_number,
                          std::int64_t sub_sequence_number, kclhost_error* error) {
      return of(handle).checkpoint({handle, string(*sequence_number), sub_sequence_number}, error);
    };
    table.checkpoint_all = [](kclhost_checkpointer* handle, kclhost_error* error) {
      return of(handle).checkpoint({handle, std::nullopt, -1}, error);
    };
    table.acknowledge = [](void* self, std::uint64_t first, std::uint64_t count) {
      of(self).acknowledgements.emplace_back(first, count);
    };
    table.reject = [](void* self, std::uint64_t id, kclhost_string reason) -> kclhost_status {
      of(self).rejections.push_back({id, string(reason)});
      return of(self).answer;
    };
    table.get_extension = [](void*, kclhost_string) -> const void* { return nullptr; };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  kclhost_checkpointer* checkpointer() { return reinterpret_cast<kclhost_checkpointer*>(this); }

  kclhost_host table{};
  std::int32_t log_level = KCLHOST_LOG_TRACE;
  std::int32_t stop = KCLHOST_STOP_NO;
  std::int64_t remaining_ms = -1;
  std::int32_t finish_reason = KCLHOST_FINISH_NO;
  kclhost_status answer = KCLHOST_OK;  // to all that is asked for
  std::string answer_name, answer_message;
  std::vector<Log> logs;
  std::deque<Metric> metrics;
  std::vector<Checkpoint> checkpoints;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> acknowledgements;  // the first id, and how many
  std::vector<Rejection> rejections;
  std::optional<std::uint32_t> tick_interval_ms;

 private:
  static FakeHost& of(void* self) { return *static_cast<FakeHost*>(self); }
  static std::string string(kclhost_string text) { return {text.data, text.size}; }
  static kclhost_string string(const char* literal) { return {literal, std::strlen(literal)}; }

  kclhost_status make_metric(const kclhost_metric_spec& spec, kclhost_metric** metric, kclhost_error* error) {
    if (answer != KCLHOST_OK) return reply(error);
    metrics.push_back({spec.kind, string(spec.name), string(spec.unit), string(spec.help), {}, {}});
    for (std::size_t i = 0; i < spec.label_count; ++i) {
      metrics.back().labels.emplace_back(string(spec.labels[i].name), string(spec.labels[i].value));
    }
    *metric = reinterpret_cast<kclhost_metric*>(&metrics.back());
    return KCLHOST_OK;
  }

  kclhost_status checkpoint(Checkpoint checkpoint, kclhost_error* error) {
    checkpoints.push_back(std::move(checkpoint));
    return reply(error);
  }

  kclhost_status reply(kclhost_error* error) {
    if (error != nullptr) {
      std::strcpy(error->name, answer_name.c_str());
      std::strcpy(error->message, answer_message.c_str());
    }
    return answer;
  }
};

inline kclhost_string text(const char* literal) {
  return {literal, std::strlen(literal)};
}

inline kclhost_error make_error() {
  kclhost_error error{};
  error.struct_size = sizeof error;
  return error;
}

inline kclhost_record make_record(const char* data, const char* sequence_number, std::int64_t sub_sequence_number = 0) {
  kclhost_record record{};
  record.struct_size = sizeof record;
  record.data = text(data);
  record.partition_key = text("key");
  record.sequence_number = text(sequence_number);
  record.sub_sequence_number = sub_sequence_number;
  record.approximate_arrival_timestamp_ms = KCLHOST_NO_TIMESTAMP;
  return record;
}

inline kclhost_batch make_batch(const std::vector<kclhost_record>& records) {
  kclhost_batch batch{};
  batch.struct_size = sizeof batch;
  batch.record_stride = sizeof(kclhost_record);
  batch.records = records.data();
  batch.record_count = records.size();
  batch.millis_behind_latest = -1;
  batch.attempt = 1;
  return batch;
}

inline kclhost_initialization make_initialization(const char* shard_id) {
  kclhost_initialization initialization{};
  initialization.struct_size = sizeof initialization;
  initialization.shard_id = text(shard_id);
  initialization.sequence_number = text("TRIM_HORIZON");
  return initialization;
}
