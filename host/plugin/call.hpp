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

// The functions of a plugin's table, and of its extensions.
enum class Call : std::uint32_t {
  create,
  initialize,
  process_records,
  shard_ended,
  lease_lost,
  shutdown_requested,
  flush,
  tick,
  destroy,
  check_config,  // before create; done where the plugin does not offer it
};

// The function's name in the plugin's table, for messages.
std::string_view name_of(Call call);

// Why an instance begins on its shard: KCLHOST_INITIALIZATION_*.
enum class Beginning : std::int32_t {
  start = KCLHOST_INITIALIZATION_START,
  restart = KCLHOST_INITIALIZATION_RESTART,
  swap = KCLHOST_INITIALIZATION_SWAP,
};

// Why a call should return early: KCLHOST_STOP_*.
enum class Stop : std::int32_t {
  deadline = KCLHOST_STOP_DEADLINE,
  end = KCLHOST_STOP_END,
};

// Why an instance is to finish what it holds: KCLHOST_FINISH_*.
enum class Finish : std::int32_t {
  no = KCLHOST_FINISH_NO,
  shard_ended = KCLHOST_FINISH_SHARD_ENDED,
  shutdown = KCLHOST_FINISH_SHUTDOWN,
  swap = KCLHOST_FINISH_SWAP,
  bisection = KCLHOST_FINISH_BISECTION,
  in_flight = KCLHOST_FINISH_IN_FLIGHT,
};

// A record, as the host has counted what it gave an instance: kclhost_record.id.
using RecordId = std::uint64_t;

// What more a plugin says of a record that it rejects is cut off, bytes.
inline constexpr std::size_t longest_reason = 1023;

// A call with its arguments. The text is the caller's and must stay until the call is over.
struct Request {
  Call call{};
  std::string_view shard_id{};           // create, initialize
  std::string_view sequence_number{};    // initialize
  std::int64_t sub_sequence_number = 0;  // initialize
  Beginning beginning{};                 // initialize
  Finish finish{};                       // shard_ended, shutdown_requested, flush
  Batch batch{};                         // process_records
  RecordId first_id = 0;                 // process_records: of the first record from the batch on; the others follow
  RecordId oldest_id = 0;                // process_records: what is said of those before it counts no more
  std::uint32_t attempt = 1;             // process_records
  std::uint32_t timeout_ms = 0;          // what the call may take; 0: there is no limit
};

// What the plugin said of a call.
struct Outcome {
  kclhost_status status = KCLHOST_OK;
  std::string message{};  // why it failed, for a person
  // What the worker's allocator has handed out and not got back, bytes. Told of a process for many instances alone, and
  // not of process_records.
  std::uint64_t allocated = 0;
  // Of a process_records that failed:
  std::uint64_t first_unfinished = 0;             // the records before it are done all the same
  std::optional<std::uint64_t> culprit{};         // the record to blame; an index in the batch
  bool permanent = false;                         // another try would fail as well
  std::optional<std::uint32_t> retry_after_ms{};  // the next try is so far away

  static constexpr std::uint32_t longest_retry_after_ms = 60 * 60 * 1000;
  // Leaves out what can't be said of a batch of so many records: a plugin that miscounts must not have any skipped.
  void keep_to(std::uint64_t records);
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
  bool ticks = false;       // it has a tick
  // Of a plugin that acknowledges: from its oldest record that is not done to the last that it is given lie no more
  // than so many. 0: no limit.
  std::uint32_t most_open = 0;
  bool can_shadow = false;  // it offers to run as a shadow

  bool checkpoints_itself() const { return flags & KCLHOST_PLUGIN_CHECKPOINTS; }
  bool acknowledges() const { return flags & KCLHOST_PLUGIN_ACKNOWLEDGES; }
  // It may still have records in its hands when process_records has returned.
  bool holds_records() const { return checkpoints_itself() || acknowledges(); }
  bool wants_empty_batches() const { return flags & KCLHOST_PLUGIN_EMPTY_BATCHES; }
};

// Whether the same checkpoint may go through later.
inline bool retryable(kclhost_status answer) {
  return answer == KCLHOST_THROTTLING || answer == KCLHOST_DEPENDENCY;
}

// It is refused, and for none of the plugin's faults: the lease table can't be written, or the lease is lost.
inline bool blameless_refusal(kclhost_status answer) {
  return answer != KCLHOST_OK && answer != KCLHOST_ILLEGAL_ARGUMENT;
}

// The KCL's answer to a checkpoint.
struct CheckpointAnswer {
  kclhost_status status = KCLHOST_OK;
  std::string name;     // the exception's simple class name, "" when there was none
  std::string message;  // for a person

  bool ok() const { return status == KCLHOST_OK; }
};

}  // namespace kclhost::host
