// Checkpoints for itself, at the wrong time or place or too often: {"checkpoint": HOW}. What each call came to is
// logged as "checkpoint HOW: code=N name=NAME". Straight on the C interface: the C++ one makes some of this hard to
// write.
#include <kclhost/plugin.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace {

struct Shard {
  const kclhost_host* host;
  std::string how;
  kclhost_checkpointer* kept = nullptr;
  std::thread later{};
};

void checkpoint(Shard& shard, kclhost_checkpointer* checkpointer, const kclhost_record* record = nullptr) {
  kclhost_error error{};
  error.struct_size = sizeof error;
  const kclhost_status status = record != nullptr ? shard.host->checkpoint(checkpointer, &record->sequence_number,
                                                                           record->sub_sequence_number, &error)
                                                  : shard.host->checkpoint_all(checkpointer, &error);
  const std::string line = "checkpoint " + shard.how + ": code=" + std::to_string(status) + " name=" + error.name;
  shard.host->log(shard.host->context, KCLHOST_LOG_INFO, {line.data(), line.size()});
}

kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error*) {
  rapidjson::Document config;
  config.Parse(config_json.data, config_json.size);
  *self = new Shard{host, config["checkpoint"].GetString()};
  return KCLHOST_OK;
}

void destroy(void* self) {
  delete static_cast<Shard*>(self);
}

kclhost_status initialize(void*, const kclhost_initialization*, kclhost_error*) {
  return KCLHOST_OK;
}

kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                               kclhost_error*) {
  Shard& shard = *static_cast<Shard*>(self);
  if (shard.how == "each_record") {
    for (std::size_t i = 0; i < batch->record_count; ++i) checkpoint(shard, checkpointer, kclhost_batch_at(batch, i));
  } else if (shard.how == "every_batch") {
    checkpoint(shard, checkpointer);
  } else if (shard.how == "other_thread") {
    std::thread([&] { checkpoint(shard, checkpointer); }).join();
  } else if (shard.how == "beyond") {
    kclhost_record record = *kclhost_batch_at(batch, batch->record_count - 1);
    record.sequence_number = KCLHOST_STRING("99999999999999999999999999999999999999999999999999999999");
    checkpoint(shard, checkpointer, &record);
  } else if (shard.how == "after_return" && !shard.later.joinable()) {
    shard.later = std::thread([&shard, checkpointer] {
      ::usleep(50'000);
      checkpoint(shard, checkpointer);
    });
  }
  shard.kept = checkpointer;
  return KCLHOST_OK;
}

kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error*) {
  if (static_cast<Shard*>(self)->how == "every_batch") checkpoint(*static_cast<Shard*>(self), checkpointer);
  return KCLHOST_OK;
}

kclhost_status lease_lost(void* self, kclhost_error*) {
  Shard& shard = *static_cast<Shard*>(self);
  if (shard.how == "in_lease_lost") checkpoint(shard, shard.kept);
  if (shard.later.joinable()) shard.later.join();
  return KCLHOST_OK;
}

constexpr kclhost_plugin table() {
  kclhost_plugin made{};
  made.struct_size = sizeof made;
  made.abi_major = KCLHOST_ABI_MAJOR;
  made.flags = KCLHOST_PLUGIN_CHECKPOINTS;
  made.id = KCLHOST_STRING("zoo.checkpointers");
  made.version = KCLHOST_STRING("6.6.6");
  made.create = create;
  made.destroy = destroy;
  made.initialize = initialize;
  made.process_records = process_records;
  made.shard_ended = shard_ended;
  made.lease_lost = lease_lost;
  return made;
}

}  // namespace

const kclhost_plugin* kclhost_plugin_v1(void) {
  static constexpr kclhost_plugin plugin = table();
  return &plugin;
}
