// Calls to an instance of a plugin, and what becomes of them: the words that the shard, the workers and the driver
// share. Plain values: no process, no descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/batch.hpp"
#include "kclhost/plugin.h"

namespace kclhost::host {

// A worker's name: never used twice in a host's life.
enum class WorkerId : std::uint32_t {};

// The calls that one worker gets, counted from 1. What a worker says of a call carries its number.
using CallNumber = std::uint32_t;

// The functions of a plugin's table.
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

// A call with its arguments. The text is the caller's and must stay until the call is over.
struct Request {
  Call call{};
  std::string_view shard_id{};           // initialize
  std::string_view sequence_number{};    // initialize
  std::int64_t sub_sequence_number = 0;  // initialize
  bool hand_over = false;                // initialize
  Batch batch{};                         // process_records
  std::uint32_t attempt = 1;             // process_records
};

// What the plugin said of a call.
struct Outcome {
  kclhost_status status = KCLHOST_OK;
  std::uint64_t first_unfinished = 0;  // process_records: the records before it are done although the call failed
  std::string message;                 // why it failed, for a person

  bool ok() const { return status == KCLHOST_OK; }
};

// How a worker ended that nobody had asked to end.
struct Death {
  enum class Kind {
    signal,     // detail: the signal
    exit,       // detail: the status
    timeout,    // the host ended it: a call took too long
    misbehaved  // the host ended it: it sent what no worker sends, or did not read what it was sent
  };
  Kind kind = Kind::signal;
  int detail = 0;
  std::string message;  // "killed by SIGSEGV at address 0x8", "ended by exit(3)", ...: follows "the worker was"
  std::vector<std::string> stack{};  // innermost first; empty where none was to be had
  // False: a call was sent and the plugin never saw it, so it is not to blame.
  bool call_begun = true;
  std::string words{};  // the last that it printed on standard error, in one line; empty: nothing, in this call
  std::string place{};  // the frames of the stack that lie in the plugin, in one line, innermost first

  // The message with the last words behind it.
  std::string cause() const;
  // All that a person who holds nothing but a dead letter needs: the cause and the place.
  std::string explained() const;
};

// What a plugin's table says of it.
struct Descriptor {
  std::string id, version, description, config_schema;
  std::uint32_t abi_minor = 0;
  std::uint32_t flags = 0;  // KCLHOST_PLUGIN_*

  bool checkpoints_itself() const { return flags & KCLHOST_PLUGIN_CHECKPOINTS; }
  bool wants_empty_batches() const { return flags & KCLHOST_PLUGIN_EMPTY_BATCHES; }
};

// The KCL's answer to a checkpoint.
struct CheckpointAnswer {
  kclhost_status status = KCLHOST_OK;
  std::string name;     // the exception's simple class name, "" when there was none
  std::string message;  // for a person

  bool ok() const { return status == KCLHOST_OK; }
};

}  // namespace kclhost::host
