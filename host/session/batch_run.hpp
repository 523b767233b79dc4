// A batch's way through the plugin, whatever it takes.
#pragma once

#include <memory>
#include <vector>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "policy/checkpoints.hpp"
#include "policy/delivery.hpp"
#include "policy/lanes.hpp"
#include "session/lane.hpp"
#include "session/shard_state.hpp"
#include "store/attempt_journal.hpp"
#include "store/dead_letters.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::session {

// Spreads a batch over the lanes, carries out what the policy decides for each, and keeps the shard's position at the
// last record before the first unfinished one. Host's thread only.
class BatchRun {
 public:
  // All references must outlive this. Throws Stop when the state of earlier attempts can't be read.
  BatchRun(const config::Config& config, observe::Log& log, EventLoop& loop, const DaemonLink& daemon,
           SharedBuffer& buffer, std::vector<std::unique_ptr<Lane>>& lanes, policy::Checkpoints& checkpoints,
           ShardState& shard);
  ~BatchRun();

  // Returns once every record is finished. Throws Stop when the batch must stay unacknowledged.
  void deliver(const Batch& batch);

  // The records that a plugin in a call has been given; null outside of one. Single lane only.
  const Batch* in_hand() const { return in_hand_; }

 private:
  struct Track;

  void start(const Batch& batch);
  void run();
  // Moves a track on as far as it gets without waiting; true when its part is finished.
  bool advance(Track& track);
  bool call_over(Track& track);
  void begin_delivery(Track& track, const policy::Delivery::Action& action);
  void begin_wait(Track& track, const policy::Delivery::Action& action);
  void give_up(Track& track, const policy::Delivery::Action& action);
  void write_dead_letters(Track& track, const policy::Delivery::Action& action);
  void remember(Track& track);
  std::uint32_t low_water();
  bool has_first_unfinished(const Track& track);
  void update_position();
  // Replaces a worker that has outgrown worker.max_memory.
  void recycle_if_large(Lane& lane);
  bool host_checkpoints() const { return !lanes_.front()->descriptor().checkpoints_itself(); }

  const config::Config& config_;
  observe::Log& log_;
  EventLoop& loop_;
  const DaemonLink& daemon_;
  SharedBuffer& buffer_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  policy::Checkpoints& checkpoints_;
  ShardState& shard_;
  policy::Lanes split_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::vector<std::uint32_t> finished_;  // per track
  bool one_at_a_time_ = false;           // records of this batch may have ended an earlier process
  std::unique_ptr<store::DeadLetters> dead_letters_;
  Batch batch_;
  const Batch* in_hand_ = nullptr;
  std::uint64_t given_up_ = 0;  // records skipped or put into the dead letters by this process
};

}  // namespace kclhost::host::session
