// A world from one seed: a daemon, workers, a disk and a clock around the production Shard. It makes every fault that
// there is, and has nothing of the shard's logic.
#pragma once

#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "shard/shard.hpp"
#include "simulation/daemon.hpp"
#include "simulation/disk.hpp"
#include "simulation/memory.hpp"
#include "simulation/promises.hpp"
#include "simulation/setting.hpp"
#include "simulation/worker.hpp"

namespace kclhost::host::simulation {

class World {
 public:
  // With `story` it is written to standard error what happens.
  World(std::uint64_t seed, bool story);

  // Until every record is processed and the shard's end is recorded. Throws Violation.
  void run();

  std::size_t steps() const { return steps_; }
  std::size_t lives() const { return promises_.lives(); }
  std::size_t deliveries() const { return deliveries_; }
  std::size_t deaths() const { return promises_.deaths(); }

 private:
  template <class... Words>
  void tell(const Words&... words) const {
    if (story_) ((std::cerr << words << ' '), ...) << '\n';
  }

  // ---- world.cpp: lives and steps
  enum class What { on_time, message, checkpoint_answer, worker, acknowledgement, aside_result, look_result };
  struct Choice {
    What what;
    std::size_t index;
  };
  void live();
  void step();
  void choices();
  void take(const Choice& choice);
  void let_time_pass();
  void check_deadline(bool acted);
  void host_ends(bool with_machine);
  // Something goes wrong for no record's fault, with this probability and as long as there is trouble left.
  bool trouble(double rate);
  bool undisturbed() const;

  // ---- world_actions.cpp: what the shard asks for
  void perform();
  void act(const action::StartWorker& one);
  void act(const action::CallWorker& one);
  void act(const action::AnswerCheckpoint& one);
  void act(const action::RequestStop& one);
  void act(const action::KillWorker& one);
  void act(const action::LetGo& one);
  void act(const action::SendStatus& one);
  void act(const action::SendCheckpoint& one);
  void act(const action::WriteJournal& one);
  void act(const action::WriteDeadLetters& one);
  void act(const action::LookForRelease& one);
  void act(const action::ReleaseTaken& one);
  void act(const action::ReleaseRefused& one);
  void act(const action::ReleaseUndone& one);
  void act(const action::NamePlugin& one);
  void act(const action::WriteCrashReport& one);
  void act(const action::Tell& one);
  void act(const action::End& one);
  void check_call(Worker& worker, const Request& request);
  void check_kept() const;
  void check_delivery(Worker& worker, const Request& request);
  void check_time(Worker& worker, const Request& request);
  void keep_pace(const Worker& worker);
  void check_standby(const Worker& worker);
  void did_not_come_up(const Worker& worker);
  void check_bytes(const Worker& worker) const;
  std::uint32_t record_at(const std::string& place) const;

  // ---- world_daemon.cpp
  void daemon_goes_on();
  void send_batch();
  void answer_checkpoint();
  void check_that_it_stops();
  void daemon_goes(bool in_order);
  void lay_out(std::uint32_t first, std::uint32_t count, Batch& batch);

  // ---- world_worker.cpp: what a worker does next
  void worker_goes_on(std::size_t index);
  void starts(Worker& worker, std::size_t index);
  void goes_on_in_call(Worker& worker);
  bool hands_refusal_on(Worker& worker);
  bool call_goes_wrong(Worker& worker);
  bool records_do_harm(Worker& worker);
  bool program_does_harm(Worker& worker);
  bool store(Worker& worker, std::uint32_t last);
  bool wish(Worker& worker);
  void acknowledge(Worker& worker);
  void reject(Worker& worker, std::uint32_t record);
  void ask(Worker& worker, const Worker::Wish& wish);
  void over(Worker& worker, kclhost_status status, std::uint64_t first_unfinished = 0, const Outcome& verdict = {});
  void dies(Worker& worker, bool call_begun);
  void ended(std::size_t index);
  Hands in_hands(const Worker& worker, bool with_call) const;
  bool harmful(const Worker& worker, std::uint32_t record, Fault fault) const;
  void harmed(const Worker& worker, std::uint32_t record);
  Worker* find(WorkerId id);

  // ---- world_end.cpp: why a host may end
  void judge_end(int exit_code, const std::string& message);
  void mend_stop();

  // ---- world_trouble.cpp
  void something_happens();
  void die_between(Worker& worker);
  void forge();
  void replace_file();
  void run_release(std::uint32_t release, std::uint32_t before);
  void stage(const Program& program);
  void settle_trial();
  void change_lanes();
  void go_back();
  // What it does counts against it alone.
  bool on_trial(const Worker& worker) const { return worker.release != (before_ != 0 ? before_ : wanted_); }
  // Its release did wrong where the one before might not.
  void blemish(const Worker& worker) { blemished_[worker.release - 1] = true; }

  Chance chance_;
  bool story_;
  Setting setting_;
  Promises promises_;
  Daemon daemon_;
  Disk disk_;
  Memory& memory_;
  Program file_;  // the plugin's file now, but for what is on trial
  bool file_is_new_ = false;
  Now now_;
  std::int64_t latest_wall_ms_ = 0;  // before the clock was set back
  int trouble_left_;
  std::size_t steps_ = 0, deliveries_ = 0;
  bool over_ = false;

  // ---- A host's life
  std::unique_ptr<Shard> shard_;
  bool host_alive_ = false;
  bool greeted_ = false;
  std::vector<Program> releases_;
  std::vector<bool> blemished_;
  std::uint32_t wanted_ = 1, before_ = 0;  // before: what is wanted is on trial
  std::uint32_t again_ = 0;                // was undone, and its trial goes on all the same
  // Of calls of a kind that went well, of releases that were not on trial: the longest that waited for nothing, the
  // longest other one, and the most that a record took.
  struct Pace {
    Time longest_call{0}, longest_wait{0};
    double longest_record = 0;
  };
  std::map<Call, Pace> paces_;
  std::uint32_t proven_ = 0;  // was initialized, and not on trial
  bool taken_ = false;        // what is wanted was initialized
  std::deque<Worker> workers_;
  std::vector<WorkerId> former_;  // names that no worker has any more
  struct Aside {
    std::uint32_t lane;
    bool fails;
  };
  std::vector<Aside> asides_;
  int looks_ = 0;
  bool protocol_broken_ = false, unloadable_ = false, dead_letters_failed_ = false, flush_returned_ = false;
  bool daemon_answers_ = false;         // a checkpoint, at this moment
  bool flushed_ = false;                // a flush returned since the last delivery
  bool one_at_a_time_ = false;          // records of this batch may have ended a host
  std::vector<Disk::Notes> left_over_;  // what the host was told of earlier ones
  int failed_starts_ = 0;
  Time asked_at_{0}, checkpoint_time_{0}, checkpoint_began_{0}, gone_at_{0};
  bool synced_ = false, journaled_ = false, event_acts_ = false;
  std::uint32_t journaled_lane_ = 0;
  std::vector<bool> lane_synced_;
  std::vector<Time> start_failed_at_;  // by lane
  std::vector<Choice> choices_;
  JournalNotes notes_;
};

}  // namespace kclhost::host::simulation
