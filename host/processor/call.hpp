// Calls to a plugin's instance, and what became of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/batch.hpp"
#include "kclhost/plugin.h"

namespace kclhost::host::processor {

enum class Call : std::uint32_t {
  create,
  initialize,
  process_records,
  shard_ended,
  lease_lost,
  shutdown_requested,
  drain,
  destroy,
};

// The function's name in the plugin's table, for messages.
std::string_view name_of(Call call);

// A call with its arguments; the text is the caller's and must stay until the call is over.
struct Request {
  Call call;
  std::string_view shard_id{};         // initialize
  std::string_view sequence_number{};  // initialize
  std::int64_t sub_sequence_number = 0;
  bool hand_over = false;     // initialize
  Batch batch{};              // process_records
  std::uint32_t attempt = 1;  // process_records
};

// How a process that held an instance ended.
struct Death {
  std::string cause;               // "killed by SIGSEGV (address 0x8)", "called exit(3)", ...
  std::vector<std::string> stack;  // innermost first; empty where none was to be had
  bool call_begun = true;          // false: the plugin never saw the call, so it is not to blame
};

// What a call came to.
struct Outcome {
  kclhost_status status = KCLHOST_OK;
  std::uint64_t first_unfinished = 0;  // process_records: the records before it are done although the call failed
  std::string message;                 // why it failed
  std::optional<Death> death;          // the instance is gone

  bool ok() const { return status == KCLHOST_OK && !death; }
};

// What a plugin's table says of it.
struct Descriptor {
  std::string id, version, description, config_schema;
  std::uint32_t abi_minor = 0;
  std::uint32_t flags = 0;

  bool checkpoints_itself() const { return flags & KCLHOST_PLUGIN_CHECKPOINTS; }
  bool wants_empty_batches() const { return flags & KCLHOST_PLUGIN_EMPTY_BATCHES; }
};

// The daemon's answer to a checkpoint.
struct CheckpointAnswer {
  kclhost_status status = KCLHOST_OK;
  std::string_view name;     // the exception's class name, "" when there was none
  std::string_view message;  // static text for a person
};

// What an instance asks of the host. Called on the host's thread from within the event loop, except that with isolation
// none log and metric can come from any of the plugin's threads.
class Services {
 public:
  virtual ~Services() = default;
  virtual CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                                      std::int64_t sub_sequence_number) = 0;
  virtual void log(std::int32_t level, std::string_view source, std::string_view text) = 0;
  virtual bool log_enabled(std::int32_t level) = 0;
  virtual void metric(std::int32_t kind, std::string_view name, double value) = 0;
};

}  // namespace kclhost::host::processor
