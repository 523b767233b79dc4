// One simulated worker with its instance of the plugin: one life.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "plugin/call.hpp"
#include "simulation/setting.hpp"

namespace kclhost::host::simulation {

struct Worker {
  enum class State {
    starting,  // not_started, loaded or not_loaded follows
    idle,
    in_call,
    waiting,  // for the answer to a checkpoint
    hanging,
    dying,  // `ended` follows
  };
  struct Wish {
    bool everything = true;
    bool forged = false;     // beyond what this instance was given
    std::uint32_t last = 0;  // the last record that it covers; UINT32_MAX: none
  };

  WorkerId id{};
  std::uint32_t lane = 0, release = 0;
  Program program;
  State state = State::starting;
  bool refused = false;                                        // no process was to be had
  config::Milliseconds tick_at = config::Milliseconds::max();  // no earlier
  std::optional<Death> death;                                  // dying; none: it ends as it was asked to
  bool stop_requested = false;
  config::Milliseconds started_at{0}, called_at{0};
  config::Milliseconds flushed_at = config::Milliseconds::max();  // and was given nothing since
  config::Milliseconds limit = config::Milliseconds::max();       // for a call of what is on trial: longer is a hang
  bool wished = false;                                            // in this call, and waited for the daemon
  bool armed = false;                                             // a record that it was given will kill it

  // The call in progress, or the last one.
  Call call{};
  CallNumber number = 0;
  Batch batch;
  std::vector<std::uint32_t> records;   // of the call, by index
  RecordId first_id = 0;                // of them
  std::vector<std::uint32_t> rejected;  // in the call
  std::string_view told;                // initialize: the position, as the shard keeps it
  std::string told_at_first;
  bool examined = false;  // what its records do was looked at
  bool begun = false;     // the plugin has seen the call
  int wishes_left = 0;
  std::optional<Wish> wish;
  bool flush_checkpointed = false;
  kclhost_status refusal = KCLHOST_OK;                          // of its last checkpoint in the call
  std::int64_t stored_in_call = -1, checkpointed_in_call = -1;  // the records up to here

  std::vector<std::uint32_t> part;  // what it accepted last

  // The life.
  bool created = false, initialized = false, ready = false, finished = false, destroyed = false;
  bool abandoned = false;                 // its flush failed: what it holds is given to the next one
  bool may_be_destroyed = false;          // create returned OK
  std::map<std::uint32_t, RecordId> ids;  // of what it was given, the last one
  RecordId next_id = 0;
  std::vector<std::uint32_t> given;      // accepted, in order
  std::vector<std::uint32_t> buffered;   // given, and not stored
  std::vector<std::uint32_t> unflushed;  // given, and neither checkpointed nor flushed: a death is their failure

  // The KCL refused that for none of its faults.
  bool blameless() const { return blameless_refusal(refusal); }
  bool alive() const { return state != State::dying && state != State::starting; }
  bool has_rejected(std::uint32_t record) const {
    for (const std::uint32_t one : rejected) {
      if (one == record) return true;
    }
    return false;
  }
  bool has(std::uint32_t record) const {
    for (const std::uint32_t one : given) {
      if (one == record) return true;
    }
    return false;
  }
};

}  // namespace kclhost::host::simulation
