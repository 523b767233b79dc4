// What a shard asks the outside to do.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "batch/batch.hpp"
#include "config/config.hpp"
#include "plugin/call.hpp"

namespace kclhost::host {

// Since some moment; it never goes back.
using Time = config::Milliseconds;
inline constexpr Time never = Time::max();

struct Now {
  Time steady{0};
  std::int64_t wall_ms = 0;  // since the epoch; may jump
};

namespace action {

// Start a worker on a release; not_started, loaded or not_loaded follows.
struct StartWorker {
  WorkerId worker;
  std::uint32_t lane;
  std::uint32_t release;
};
// The texts are the shard's, until the call is over.
struct CallWorker {
  WorkerId worker;
  CallNumber number;
  Request request;
};
struct AnswerCheckpoint {
  WorkerId worker;
  CallNumber number;
  CheckpointAnswer answer;
};
struct RequestStop {
  WorkerId worker;
  Stop why;
};
// `ended` follows.
struct KillWorker {
  WorkerId worker;
  Death::Kind kind;
  std::string message;
  bool soon;  // the shard stands still, and another release is there to go on
};
// End it at once; nothing follows.
struct LetGo {
  WorkerId worker;
};
// The daemon's message is answered, and its batch may be overwritten.
struct SendStatus {};
// checkpoint_answered follows. The text is the shard's, until then. No sequence number: everything delivered.
struct SendCheckpoint {
  std::optional<std::string_view> sequence_number;
  std::optional<std::int64_t> sub_sequence_number;
};
// Write what Shard::journal says of the lane where it outlives the process; `sync`: and the machine.
struct WriteJournal {
  std::uint32_t lane;
  bool sync;
};
// Write the records to the dead letters, to the disk; set_aside_done follows.
struct WriteDeadLetters {
  struct Letter {
    std::string_view data, partition_key, sequence_number;
    std::int64_t sub_sequence_number, arrival_ms;
    std::uint32_t attempts;
  };
  std::uint32_t lane;
  std::vector<Letter> letters;
  std::string error_code, error_text;
  std::int64_t first_try_ms, last_try_ms;  // 0: never tried
  std::string plugin_id, plugin_version;
  std::uint32_t generation;
};
// Look whether there is another release to run; `looked` follows.
struct LookForRelease {};
// An instance of this release has a lane's records now.
struct ReleaseTaken {
  std::uint32_t release;
  bool by_all;  // lanes
};
// It could not take over, and the one before went on. It is not to be tried again.
struct ReleaseRefused {
  std::uint32_t release;
  std::string why;
};
// It was on trial, and failed where the one before did not. All go back to that.
struct ReleaseUndone {
  std::uint32_t release;
  std::string why;
};
// From now on the plugin is this one.
struct NamePlugin {
  std::string id, version;
  std::uint32_t release;
};
struct WriteCrashReport {
  std::uint32_t generation;
  Death death;
  Batch records;
};
struct Tell {
  config::LogLevel level;
  std::string text;
  std::vector<std::pair<const char*, std::string>> fields;
};
// The process ends with this exit code. The message is one line for a person, "" when all is well.
struct End {
  int exit_code;
  std::string message;
};

}  // namespace action

using Action =
    std::variant<action::StartWorker, action::CallWorker, action::AnswerCheckpoint, action::RequestStop,
                 action::KillWorker, action::LetGo, action::SendStatus, action::SendCheckpoint, action::WriteJournal,
                 action::WriteDeadLetters, action::LookForRelease, action::ReleaseTaken, action::ReleaseRefused,
                 action::ReleaseUndone, action::NamePlugin, action::WriteCrashReport, action::Tell, action::End>;
using Actions = std::vector<Action>;

}  // namespace kclhost::host
