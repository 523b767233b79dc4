// Calls a plugin through its table: what the worker and isolation none have in common.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plugin/table.hpp"
#include "processor/call.hpp"

// What a plugin holds as its checkpointer. It outlives every call, so that a plugin which keeps it gets an answer, not
// a crash.
struct kclhost_checkpointer {
  kclhost::host::processor::Services* services;
  bool allowed;                           // the plugin checkpoints for itself
  std::atomic<std::thread::id> caller{};  // the thread in a call that may checkpoint; none otherwise
};

namespace kclhost::host::processor {

// What the host table's context points to.
struct HostContext {
  Services* services;
  const std::atomic<std::uint32_t>* should_stop;
};

Descriptor describe(const plugin::PluginTable& table);

// One instance of a plugin in this process. Plugins' threads may use what it gave them; all else from one thread.
class Instance {
 public:
  // `should_stop_flag` and `services` must outlive the instance; plugin_path is what the configuration calls the
  // plugin.
  Instance(plugin::PluginTable table, std::string plugin_path, Services& services,
           const std::atomic<std::uint32_t>& should_stop_flag);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Makes the call, create with `config_json`, and returns what it came to. A function that the plugin left out counts
  // as done; before create succeeded, so does all but create.
  Outcome perform(const Request& request, std::string_view config_json);

 private:
  kclhost_status dispatch(const Request& request, std::string_view config_json, kclhost_error& error);
  kclhost_status initialize(const Request& request, kclhost_error& error);
  kclhost_status process_records(const Request& request, kclhost_error& error);

  plugin::PluginTable table_;
  std::string plugin_path_;
  HostContext context_;
  kclhost_checkpointer checkpointer_;
  kclhost_host host_;
  void* self_ = nullptr;
  bool created_ = false;
  std::vector<kclhost_record> records_;  // of the batch in hand; kept, so that a warm instance allocates nothing
};

}  // namespace kclhost::host::processor
