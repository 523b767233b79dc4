// Calls a plugin through its table.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plugin/call.hpp"
#include "plugin/table.hpp"
#include "worker/host_link.hpp"

namespace kclhost::host::worker {

// What a plugin holds as its kclhost_checkpointer. It outlives every call, so that a plugin which keeps it gets an
// answer, not a crash.
struct Checkpointer {
  HostLink& host;
  bool allowed;                           // the plugin checkpoints for itself
  std::atomic<std::thread::id> caller{};  // the thread in a call that may checkpoint; none otherwise
};

// In which calls a plugin may checkpoint.
bool may_checkpoint(Call call);

Descriptor describe(const plugin::PluginTable& table);

// One instance of a plugin in this process. Plugins' threads may use what it gave them; all else from one thread.
class Instance {
 public:
  // `host` must outlive the instance; plugin_path is what the configuration calls the plugin.
  Instance(plugin::PluginTable table, std::string plugin_path, HostLink& host);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Makes the call, create with `config_json`, and returns what it came to. A function that the plugin left out counts
  // as done; before create succeeded, so does all but create. An exception that the plugin lets out ends the process.
  Outcome perform(const Request& request, std::string_view config_json);
  // Frees what only a batch needs; between calls.
  void give_back() { std::vector<kclhost_record>().swap(records_); }

 private:
  bool view_records(const Batch& batch);
  // No exception may leave the plugin. One that does ends the process here, with the plugin's frames on the stack.
  kclhost_status dispatch(const Request& request, std::string_view config_json, kclhost_error& error) noexcept;
  kclhost_status initialize(const Request& request, kclhost_error& error);
  kclhost_status process_records(const Request& request, kclhost_error& error);
  kclhost_checkpointer* checkpointer() { return reinterpret_cast<kclhost_checkpointer*>(&checkpointer_); }

  plugin::PluginTable table_;
  std::string plugin_path_;
  Checkpointer checkpointer_;
  kclhost_host host_;
  void* self_ = nullptr;
  bool created_ = false;
  std::vector<kclhost_record> records_;  // of the batch in hand; kept, so that a warm instance allocates nothing
};

}  // namespace kclhost::host::worker
