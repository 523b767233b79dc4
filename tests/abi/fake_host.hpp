// A host for one instance, which writes down what the plugin asks of it.
#pragma once

#include <kclhost/plugin.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

struct FakeHost {
  struct Log {
    std::int32_t level;
    std::string text;
  };
  struct Metric {
    std::int32_t kind;
    std::string name;
    double value;
  };
  struct Checkpoint {
    kclhost_checkpointer* handle;
    std::optional<std::string> sequence_number;
    std::int64_t sub_sequence_number;
  };

  FakeHost() {
    table.struct_size = sizeof table;
    table.context = this;
    table.log = [](void* self, std::int32_t level, kclhost_string text) {
      of(self).logs.push_back({level, {text.data, text.size}});
    };
    table.log_enabled = [](void* self, std::int32_t level) -> std::int32_t { return level >= of(self).log_level; };
    table.metric = [](void* self, std::int32_t kind, kclhost_string name, double value) {
      of(self).metrics.push_back({kind, {name.data, name.size}, value});
    };
    table.should_stop = [](void* self) -> std::int32_t { return of(self).stop; };
    table.checkpoint = [](kclhost_checkpointer* handle, const kclhost_string* sequence_number,
                          std::int64_t sub_sequence_number, kclhost_error* error) -> kclhost_status {
      FakeHost& host = of(handle);
      host.checkpoints.push_back({handle, std::nullopt, sub_sequence_number});
      if (sequence_number != nullptr) {
        host.checkpoints.back().sequence_number.emplace(sequence_number->data, sequence_number->size);
      }
      if (error != nullptr) {
        std::strcpy(error->name, host.answer_name.c_str());
        std::strcpy(error->message, host.answer_message.c_str());
      }
      return host.answer;
    };
    table.get_extension = [](void*, kclhost_string) -> const void* { return nullptr; };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  kclhost_checkpointer* checkpointer() { return reinterpret_cast<kclhost_checkpointer*>(this); }

  kclhost_host table{};
  std::int32_t log_level = KCLHOST_LOG_TRACE;
  bool stop = false;
  kclhost_status answer = KCLHOST_OK;
  std::string answer_name, answer_message;
  std::vector<Log> logs;
  std::vector<Metric> metrics;
  std::vector<Checkpoint> checkpoints;

 private:
  static FakeHost& of(void* self) { return *static_cast<FakeHost*>(self); }
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
