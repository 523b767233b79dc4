// A shard's whole life: the production Shard, workers with the plugin in processes of their own, and a daemon, a lease
// table and a disk that do what a scene wants.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch/shared_batch_memory.hpp"
#include "config/config.hpp"
#include "conformance/course.hpp"
#include "conformance/subject.hpp"
#include "shard/shard.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"
#include "worker/life.hpp"

namespace kclhost::host::conformance {

// How a scene departs from a shard on which nothing happens.
struct Plan {
  explicit Plan(const Subject& subject);

  config::Config config;  // short timeouts, tries without pauses, the dead letters for what fails
  // This checkpoint of those that reach the lease table, counted from 0, is answered with that.
  std::optional<std::pair<std::size_t, CheckpointAnswer>> refuse{};
  // What the plugin says of a batch, counted from 0, is kept from the shard, which hears of a failure instead; or its
  // worker is killed.
  std::set<std::size_t> fail{}, kill{};
};

// Every function plays one message of the daemon's, or as much, and returns once that is answered; false when the life
// is over before that. One thread.
class Stage final : private worker::Listener {
 public:
  // The subject must outlive the stage.
  Stage(const Subject& subject, Plan plan);
  ~Stage() override;

  bool initialize(std::string_view sequence_number = "TRIM_HORIZON", std::int64_t sub_sequence_number = 0);
  bool deliver(std::span<const Record> records);
  bool lease_lost();
  bool shard_ended();
  bool shutdown_requested();
  // Nothing comes for so long.
  bool idle(Time duration);
  // Another instance takes over, as for another release, or could not.
  void release();
  // The daemon closes its end.
  void close();

  const Course& course() const { return course_; }

 private:
  bool answered();
  bool turn_until(const std::function<bool()>& done);
  void carry_out();
  void on_time();
  bool over() const { return course_.end || course_.stuck || ended_; }
  CallMade* call_of(WorkerId worker);
  worker::Life* life(WorkerId worker);

  void act(const action::StartWorker& start);
  void act(const action::CallWorker& call);
  void act(const action::AnswerCheckpoint& answer);
  void act(const action::RequestStop& stop);
  void act(const action::KillWorker& kill);
  void act(const action::LetGo& gone);
  void act(const action::SendStatus&) { status_ = true; }
  void act(const action::SendCheckpoint& checkpoint);
  void act(const action::WriteJournal&) {}
  void act(const action::WriteDeadLetters& write);
  void act(const action::LookForRelease&);
  void act(const action::ReleaseTaken& taken) { settled_ |= taken.by_all && taken.release == releases_; }
  void act(const action::ReleaseRefused& refused);
  void act(const action::ReleaseUndone&) {}
  void act(const action::NamePlugin&) {}
  void act(const action::WriteCrashReport&) {}
  void act(const action::Tell&) {}
  void act(const action::End& end);

  // worker::Listener
  void loaded(WorkerId worker, const Descriptor& about) override;
  void not_loaded(WorkerId worker, const std::string& why) override;
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome) override;
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number) override;
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override;
  void metric_made(WorkerId, std::uint32_t, const kclhost_metric_spec&) override {}
  void metric(WorkerId, std::uint32_t, double) override {}
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) override;
  void rejected(WorkerId worker, RecordId record, std::string_view reason) override;
  void wants_ticks(WorkerId worker, std::uint32_t interval_ms) override;
  void ended(WorkerId worker, const Death* death) override;

  const Subject& subject_;
  const Plan plan_;
  EventLoop loop_;
  SharedBuffer buffer_;
  SharedBatchMemory memory_{buffer_};
  Shard shard_;
  Actions acting_;
  std::vector<std::unique_ptr<worker::Life>> lives_;
  std::vector<WorkerId> buried_;        // lives that are over, until the loop has turned
  std::set<WorkerId> killed_;           // by the scene
  std::set<WorkerId> told_lease_lost_;  // in the call in progress, by a refused checkpoint
  bool status_ = false, lease_lost_ = false, ended_ = false;
  bool checkpoint_sent_ = false, refused_ = false;
  std::optional<Position> sent_;  // the checkpoint that is to be answered; none: everything
  Position recorded_;             // in the lease table
  std::vector<Position> given_;   // all records
  std::size_t batches_ = 0;       // that were given to an instance, and came to something
  std::size_t deaths_ = 0;
  std::uint32_t releases_ = 1;
  bool settled_ = false;  // the last one has taken over, or could not
  Course course_;
};

}  // namespace kclhost::host::conformance
