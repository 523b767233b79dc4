// The driver of `kclhost run`: the only loop, and the only place that waits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/shared_batch_memory.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "run/daemon_link.hpp"
#include "run/hangup.hpp"
#include "run/own_fault.hpp"
#include "run/releases.hpp"
#include "run/replay_state.hpp"
#include "run/report.hpp"
#include "run/shadow.hpp"
#include "shard/shard.hpp"
#include "store/attempt_journal.hpp"
#include "store/dead_letters.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"
#include "worker/life.hpp"

namespace kclhost::host::run {

// Turns what the daemon, the workers and the clock say into the shard's events, and carries its actions out. One
// thread.
class Host final : private worker::Listener {
 public:
  // Protocol lines are read from `in` and written to `out`; nobody else may write there. All references must outlive
  // the host. `user`: whom workers run as, none: as this process. Throws std::system_error when not even a loop can be
  // had.
  Host(const config::Config& config, std::optional<worker::User> user, observe::Log& log, int in, int out);
  ~Host() override;

  // Runs until the shard is over, in good order or not. Returns the exit code; why is in the log.
  int run();

 private:
  void take_message();
  void handle(const protocol::Message& message);
  void initialize(const protocol::Message& message);
  void forget_lanes_from(std::size_t lane) const;
  void take_answer();
  void daemon_gone(bool unanswered);
  void on_time();
  Clock::time_point deadline() const;
  void carry_out();
  void make_shadow();
  void end(int exit_code, const std::string& message);

  void act(const action::StartWorker& start);
  void act(const action::CallWorker& call);
  void act(const action::AnswerCheckpoint& answer);
  void act(const action::RequestStop& stop);
  void act(const action::KillWorker& kill);
  void act(const action::LetGo& gone);
  void act(const action::SendStatus&);
  void act(const action::SendCheckpoint& checkpoint);
  void act(const action::WriteJournal& write);
  void act(const action::WriteDeadLetters& write);
  void act(const action::LookForRelease&);
  void act(const action::ReleaseTaken& taken);
  void act(const action::ReleaseRefused& refused);
  void act(const action::ReleaseUndone& undone);
  void act(const action::NamePlugin& plugin);
  void act(const action::WriteCrashReport& report);
  void act(const action::Tell& tell);
  void act(const action::End& end);

  // worker::Listener
  void loaded(WorkerId worker, const Descriptor& about) override;
  void not_loaded(WorkerId worker, const std::string& why) override;
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome) override;
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number) override;
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override;
  void metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) override;
  void metric(WorkerId worker, std::uint32_t metric, double value) override;
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) override;
  void rejected(WorkerId worker, RecordId record, std::string_view reason) override;
  void wants_ticks(WorkerId worker, std::uint32_t interval_ms) override;
  void ended(WorkerId worker, const Death* death) override;

  // Tells the shard which release it is to run, if that is another one now.
  void follow_releases();
  void count_call(WorkerId worker, const Outcome& outcome, std::uint64_t resident_memory);
  void count_death(WorkerId worker, const Death& death);

  std::uint64_t workers_memory() const;
  static Now now();
  static Now at(Clock::time_point clock);
  worker::Life* life(WorkerId worker);

  const config::Config& config_;
  const std::optional<worker::User> user_;
  observe::Log& log_;
  EventLoop loop_;
  SharedBuffer buffer_;
  SharedBatchMemory memory_{buffer_};
  DaemonLink daemon_;
  Releases releases_;
  Hangup hangup_;
  Shard shard_;
  Actions acting_;
  std::vector<std::unique_ptr<worker::Life>> lives_;
  std::vector<WorkerId> over_;  // lives to be buried once the loop has turned
  // What runs, and the records of the call that it is in.
  struct Running {
    std::uint32_t release = 0, records = 0;
    Clock::time_point began{};
  };
  std::map<WorkerId, Running> running_;
  Clock::time_point weighed_at_{};  // a worker's memory
  std::string shard_id_, answering_;
  std::vector<std::unique_ptr<store::AttemptJournal>> journals_;
  std::optional<OwnFaults> own_faults_;
  JournalNotes notes_;
  bool journal_failed_ = false;
  std::unique_ptr<store::DeadLetters> dead_letters_;
  ReplayMetrics metrics_{log_};
  std::unique_ptr<Shadow> shadow_;  // where one is configured; before the report, which asks it from its start on
  Report report_;
  std::optional<Batch> batch_for_shadow_;  // the daemon's, until it was offered
  bool greeted_ = false, awaiting_answer_ = false, gone_ = false;
  bool unmap_program_ = false;  // before the next wait
  int log_watched_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace kclhost::host::run
