// One shard's mind: what the daemon, the workers, the clock and the disk say goes in, what is to be done comes out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shard/checkpoint_schedule.hpp"
#include "shard/desk.hpp"
#include "shard/key_split.hpp"
#include "shard/lane.hpp"
#include "shard/lane_order.hpp"

namespace kclhost::host {

// A state machine without a descriptor, process, clock or file, so that the simulation can drive it through anything.
// Every event is a function; after each, take the actions, carry them out in order, and tell what came of them. Time
// comes with the events and on_time. Two promises hold at each moment: a status is sent only when every record of the
// batch is accepted or set aside, or the lease is lost, and no checkpoint lies beyond an unfinished record.
//
// docs/design.md has its events and actions as a table.
class Shard {
 public:
  // `memory` holds the batch that the daemon sent; the shard lays out more behind it. Both must outlive the shard.
  // `seed` is for jitter.
  Shard(const config::Config& config, BatchMemory& memory, std::uint32_t seed, Now now);

  // ---- The daemon's messages, each only while wants_message(); SendStatus answers them
  // The workers begin to load.
  void begin(Now now);
  // `journals`: by lane, what an earlier process left.
  void initialize(std::string_view shard_id, std::string_view sequence_number, std::int64_t sub_sequence_number,
                  std::vector<std::vector<JournalNote>> journals, Now now);
  void process_records(const Batch& batch, Now now);
  void lease_lost(Now now);
  void shard_ended(Now now);
  void shutdown_requested(Now now);
  // The daemon has closed its end. `unanswered`: a status could not be sent any more.
  void daemon_gone(bool unanswered, Now now);
  // The answer to SendCheckpoint.
  void checkpoint_answered(const CheckpointAnswer& answer, Now now);

  // ---- The workers; what is said of one that the shard does not have is ignored
  // may_pass: the system refuses a process or the release's file; or else there is none.
  void not_started(WorkerId worker, const std::string& why, bool may_pass, Now now);
  void loaded(WorkerId worker, const Descriptor& about, Now now);
  void not_loaded(WorkerId worker, const std::string& why, Now now);
  // resident_memory: the worker's, bytes; 0 where worker.max_memory is not set.
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome, std::uint64_t resident_memory, Now now);
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number, Now now);
  // The records are done; of an instance that acknowledges. Each is told once.
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count, Now now);
  // The record can't ever be processed. Within process_records: before its outcome.
  void rejected(WorkerId worker, RecordId record, std::string_view reason, Now now);
  // A tick is due this often from now on; 0: never.
  void wants_ticks(WorkerId worker, Time interval, Now now);
  // `death`: null when it ended as it was asked to.
  void ended(WorkerId worker, const Death* death, Now now);

  // ---- What came of other actions
  // "": all letters are on the disk. Otherwise none is.
  void set_aside_done(std::uint32_t lane, const std::string& error, Now now);
  // LookForRelease was carried out.
  void looked(Now now);

  // ---- Releases, by their numbers: what there is of a release is immutable
  // The shard is to run this one from now on. `before`: while it is on trial, the one that is asked about what it fails
  // at; 0: it is not. At first the shard runs `release`, given to it before begin.
  void run_release(std::uint32_t release, std::uint32_t before, Now now);
  // rollout.undo_on.call_longer_than is this from the next call on.
  void call_longer_than(Time limit) { desk_.call_longer_than = limit; }

  // ---- Time
  Time deadline() const;
  void on_time(Now now);

  // The next message may come.
  bool wants_message() const { return duty_ == Duty::none && !closing_ && !desk_.ended; }
  bool ended() const { return desk_.ended; }
  // What is to be done, in order; the caller empties it.
  Actions& actions() { return desk_.actions; }
  // What the lane's journal must say now.
  void journal(std::uint32_t lane, JournalNotes& to) const { lanes_[lane]->journal(to); }

  // For whoever watches.
  const std::vector<std::unique_ptr<Lane>>& lanes() const { return lanes_; }
  const Position& position() const { return desk_.position; }
  // Asked before `ended` is told: whether a record that the worker was given may be to blame for its death.
  bool died_with_records(WorkerId worker, const Death& death) const;
  // The last finished record that the lease table knows of; none() where this process has told it nothing.
  const Position& recorded() const { return schedule_.recorded(); }
  // What was set aside: by this process, and by an earlier one of what has come again since.
  const Amount& set_aside() const { return desk_.set_aside; }
  // The KCL has said that it is, before the daemon's leaseLost.
  bool is_lease_lost() const { return schedule_.is_lease_lost(); }
  // If the call at hand fails now, that counts against nobody: the KCL has refused its checkpoint.
  bool excuses(WorkerId worker) const;
  // What was not finished when the lease was lost, or came after that: the new owner reads it.
  const Amount& left_to_others() const { return left_to_others_; }
  const Amount& aside_before() const { return desk_.aside_before; }
  // The lease table has the shard's end: nothing that is remembered of it is needed any more.
  bool shard_end_recorded() const { return shard_end_recorded_; }

 private:
  enum class Duty { none, initialize, process_records, lease_lost, shard_ended, shutdown_requested };
  // A checkpoint on its way to the lease table.
  struct Exchange {
    enum class For { nobody, host, shard_end, worker } by = For::nobody;
    WorkerId worker{};
    CallNumber call = 0;
    std::optional<Position> position{};  // none: everything
    std::optional<std::int64_t> sub_sequence_number{};
    int attempt = 0;
    Time resend_at = never;  // never: an answer is awaited

    bool busy() const { return by != For::nobody; }
  };

  void take_on(Duty duty, Now now);
  void advance();
  void do_duty();
  void do_initialize();
  void do_process_records();
  void do_lease_lost();
  void do_shard_ended();
  void do_shutdown_requested();
  void do_stop();
  void close();
  void finish_duty();
  bool has_first_unfinished(std::uint32_t lane) const;
  bool is_in_line(std::uint32_t lane);
  bool update_position();
  std::uint32_t passed(std::uint32_t lane) const;
  void keep();
  bool awaits_dead_worker();
  bool leave_to_others();
  void drop_all();
  bool has_room();
  bool relieve_if_full();
  bool tick_empty_batch();
  void split(const Batch& batch);
  Lane* lane_of(WorkerId worker) const;
  // Where it is the instance at hand, not one that is to take over.
  Lane* lane_served_by(WorkerId worker) const;
  // Every lane whose instance can take a call makes it; true when all that began are over.
  bool ask_all(const Request& request, bool& all_ok);

  // shard_checkpoints.cpp
  bool host_checkpoint(bool at_once);
  void send_checkpoint(Exchange exchange);
  void send_now();
  void send_queued();
  static bool has_rejected(const Lane& lane, const Position& position);
  void exchange_over(const CheckpointAnswer& answer);
  void answer_worker(WorkerId worker, CallNumber call, CheckpointAnswer answer);
  void checkpointed(const Position& position);
  std::optional<std::int64_t> last_sub_sequence_number(const Lane& lane, std::string_view sequence_number) const;

  Desk desk_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  CheckpointSchedule schedule_;
  KeySplit split_;
  LaneOrder order_;  // where there are several lanes
  Duty duty_ = Duty::none;
  Batch batch_;
  bool one_at_a_time_ = false;  // records of this batch may have ended an earlier process
  bool asked_all_ = false, all_ok_ = true;
  bool relieving_ = false;
  std::uint32_t finished_before_relief_ = 0;
  bool relief_refused_ = false;  // the plugin checkpointed, and the KCL could not record it
  Time relieve_at_{0};
  Time complain_at_ = never;  // of acknowledgements that do not come
  bool shard_end_recorded_ = false, final_checkpoint_tried_ = false;
  Time duty_deadline_ = never;
  Exchange exchange_;
  std::optional<Exchange> queued_;  // a worker's, behind the host's
  Amount left_to_others_;
  bool stopping_ = false;
  bool closing_ = false;
  Time close_by_ = never;
  int closing_code_ = 0;
  std::string closing_message_;
};

}  // namespace kclhost::host
