// Calls a plugin through its table.
#pragma once

#include <string>
#include <vector>

#include "plugin/call.hpp"
#include "plugin/table.hpp"
#include "worker/host_table.hpp"

namespace kclhost::host::worker {

Descriptor describe(const plugin::PluginTable& table);

// Why the plugin can't run as a shadow, to follow its name; empty when it can.
std::string why_no_shadow(const plugin::PluginTable& table);

// One instance of a plugin in this process. Plugins' threads may use what it gave them; all else from one thread.
class Instance {
 public:
  // `host` must outlive the instance. A shadow's plugin must be one that can run so.
  Instance(plugin::PluginTable table, Place place, HostLink& host, const AckMemory& memory, bool shadow = false);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Makes the call, create with `config_json`, and returns what it came to. A function that the plugin left out counts
  // as done; before create succeeded, so does all but create and check_config. An exception that the plugin lets out
  // ends the process.
  Outcome perform(const Request& request, std::string_view config_json);
  // After destroy, where another create follows in this process.
  void destroyed() { host_.destroyed(); }
  // Frees what only a batch needs; between calls.
  void give_back() { std::vector<kclhost_record>().swap(records_); }

 private:
  bool view_records(const Request& request);
  // No exception may leave the plugin. One that does ends the process here, with the plugin's frames on the stack.
  kclhost_status dispatch(const Request& request, std::string_view config_json, kclhost_error& error) noexcept;
  kclhost_status initialize(const Request& request, kclhost_error& error);
  kclhost_status process_records(const Request& request, kclhost_error& error);
  kclhost_status check_config(std::string_view config_json, kclhost_error& error);

  plugin::PluginTable table_;
  HostTable host_;
  const bool shadow_;
  void* self_ = nullptr;
  bool created_ = false;
  std::vector<kclhost_record> records_;  // of the batch in hand; kept, so that a warm instance allocates nothing
};

}  // namespace kclhost::host::worker
