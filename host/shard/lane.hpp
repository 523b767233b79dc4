// One of the workers that a shard's records are spread over, through all its lives, with the records that are its.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shard/delivery.hpp"
#include "shard/desk.hpp"
#include "shard/instance.hpp"
#include "shard/journal_note.hpp"
#include "shard/window.hpp"

namespace kclhost::host {

// Keeps an initialized instance at hand, gives it the records that Delivery orders, and knows what it holds. There is
// one way to replace an instance: another one loads and is created beside it; then the old one is flushed, the new one
// is initialized at the last finished record and given what the old one still held, and the old one is destroyed. When
// anything fails before the new one is initialized, the old one goes on.
//
// While the shard's release is on trial, an instance of the release before stands by. What the one on trial fails at,
// or dies of, that one is given before anything counts as failed (lane_trial.cpp).
class Lane {
 public:
  Lane(Desk& desk, std::uint32_t number, std::uint32_t seed);

  // ---- The instance
  // Takes the instance as far as it can come now: starts, creates, initializes, replaces.
  void keep_up();
  // It is initialized, in no call, and not being replaced.
  bool ready() const;
  // Another one stops taking over, and begins again later.
  void call_off() { call_off(false); }
  bool owns(WorkerId worker) const { return find(worker) != nullptr; }
  // Null when it is none of this lane's.
  const Instance* find(WorkerId worker) const;
  const Instance* serving() const { return instance_ ? &*instance_ : nullptr; }
  const std::optional<Descriptor>& about() const { return about_; }
  // The plugin's tick, if its time has come and the instance has nothing else to do.
  void tick_if_due();
  // Has another instance take over, once it is loaded.
  void replace();
  // For the end: no more starts and deliveries; what is under way has until `limit`; then the instance is destroyed.
  void close(Time limit, const std::string& why);
  bool closed() const { return !instance_ && !successor_ && !leaving_ && !standby_; }
  // Ends the instance at once.
  void let_go();

  // ---- What happened
  void not_started(WorkerId worker, const std::string& why, bool may_pass);
  void loaded(WorkerId worker, const Descriptor& about);
  void not_loaded(WorkerId worker, const std::string& why);
  void outcome(WorkerId worker, CallNumber number, const Outcome& outcome, std::uint64_t resident_memory);
  void acknowledged(RecordId first, std::uint64_t count);
  void rejected(RecordId record, std::string_view reason);
  void wants_ticks(WorkerId worker, Time interval);
  void ended(WorkerId worker, const Death* death);
  void on_time();
  // The worker waits for its checkpoint's answer, until it goes on.
  void waits(WorkerId worker);
  void goes_on(WorkerId worker);
  Time deadline(bool with_ticks) const;

  // ---- Calls without records
  enum class Answer { none, pending, ok, failed };
  // Makes the call, if there is an instance that can take one; answer() tells. Without a timeout it has the time that
  // this call has at any time.
  void ask(const Request& request, std::optional<Time> timeout = {});
  // process_records without a record.
  void ask_with_none(const Batch& empty);
  void ask_to_flush();
  // So that the next record is alone with the instance, or the instance can be given it at all.
  void finish_held();
  // A call that the daemon did not ask for has until `limit`: whether there is one.
  bool hurry_own_call(Time limit);
  Answer answer() const { return answer_; }
  void forget_answer() { answer_ = Answer::none; }

  // ---- Records
  // What an earlier process remembers of this lane's records.
  void recall(std::vector<JournalNote> notes);
  // The batch in hand, or an empty one for a message without records.
  void begin(const Batch& share);
  // Moves the delivery on as far as it gets without waiting; true when nothing is left to deliver. first_in_line: no
  // other lane has an unfinished record in front of this lane's first. look_again: once a record is set aside that may
  // be true no longer, and the shard wants to look.
  bool advance(bool first_in_line, bool look_again);
  // What is not among the first `finished` records is kept, when the batch leaves; those go.
  void keep(std::uint32_t finished);
  void drop_all();
  void set_aside_done(const std::string& error);
  // Rejected records leave, whatever else goes on.
  void set_rejected_aside();
  // Everything up to here is in the lease table.
  void recorded(const Position& position);
  // The shard's end is.
  void end_recorded();
  // A checkpoint of its own was answered, by the KCL or by the shard: KCLHOST_ILLEGAL_ARGUMENT for a fault of its own.
  void checkpoint_answered(kclhost_status answer) { checkpoint_ = answer; }
  // Of a call that fails: the KCL had refused its last checkpoint, for none of the plugin's faults.
  bool failed_for_checkpoint() const;

  std::uint32_t number() const { return number_; }
  const Delivery& delivery() const { return delivery_; }
  const Window& window() const { return window_; }
  // The last record that an instance was given; none() before the first.
  const Position& delivered() const { return delivered_; }
  // What is not finished, the batch in hand included.
  Amount unfinished() const;
  // The instance was given records that are not finished.
  bool holds_records() const { return delivery_.holds() && delivery_.accepted() > delivery_.finished(); }
  // And one of them can still be acknowledged, or set aside.
  bool holds_open_records() const { return delivery_.holds() && delivery_.holds_open(); }
  // And it has said nothing of one of them, not even that it rejects it.
  bool awaits_word() const { return delivery_.holds() && delivery_.awaits_word(); }
  // The worker died now: any of the records that it was given may be to blame.
  bool died_with_records(WorkerId worker, const Death& death) const {
    return is(instance_, worker) && (holds_records() || (delivery_.under_way() && has_begun(*instance_, death)));
  }
  // It acknowledges them, and need not be asked for anything but time.
  bool acknowledges() const { return about_ && about_->acknowledges(); }
  bool blocked() const { return blocked_; }
  bool has_suspects() const { return has_suspects_; }
  // A call is about records that it has, or one of them is being set aside.
  bool busy_with_records() const;
  // The shard must end, and why: by on_error, or because a record could not be set aside.
  const std::string& stopped() const { return stopped_; }
  // Whether records were set aside since the last look.
  bool set_aside_some() { return std::exchange(set_aside_some_, false); }
  void journal(JournalNotes& to) const;

 private:
  struct Verdict {
    std::uint32_t index, attempts;
    std::string reason;
  };

  enum class Flush { none, probation, alone, opinion, asked, replacement };

  static bool is(const std::optional<Instance>& one, WorkerId worker);
  void start();
  void create(Instance& one) const;
  void initialize(Instance& one, Time timeout);
  void serves();
  bool may_flush() const;
  bool taking_over() const;
  void swap();
  void promote();
  void take_over();
  void taken();
  void call_off(bool is_gone);
  void forget_given();
  void comes_up(std::optional<Instance>& one, CallNumber number, const Outcome& outcome);
  void postpone_replacement(const std::string& why);
  void refuse_successor(const std::string& why, bool is_gone = false);
  void not_loadable(std::uint32_t release, const std::string& why);
  void came_to_nothing(std::uint32_t release, const std::string& why, int exit_code);
  void start_later(std::uint32_t release, const std::string& why, int exit_code);
  void died_idle(const Instance& was, const Death& death);
  void tell_death_between_calls(const Instance& was, const Death& death);
  void report(Call call, const std::string& message, const Death* death, bool with_records,
              config::LogLevel level = config::LogLevel::error);
  void lost(bool in_call, bool blameless);

  // lane_trial.cpp
  enum class Opinion { none, asked, not_shared };
  std::uint32_t wanted_release() const;
  bool on_trial(const Instance& one) const;
  bool is_tried(const Instance& one) const;
  config::LogLevel level_of_failure(const Instance& one) const;
  bool doubt(const Instance& was, const std::string& why);
  void take_back(std::uint32_t first, std::uint32_t last);
  bool rejects_on_trial(std::uint32_t record, std::string_view reason);
  void records_are_at_fault(const std::string& how);
  Pace& pace_of(Call call) const;
  Time time_for(Call call, std::uint32_t records) const;
  void begin_in_time(const Request& request);
  void keep_pace(Call call);
  void judge();
  bool wants_standby() const;
  bool awaits_standby() const;
  void keep_standby();
  void drop_standby();
  void no_standby(const std::string& why);

  void deliver(const Delivery::Order& order);
  void flush(Flush why);
  void records_over(const Outcome& outcome);
  void heed_memory(std::uint64_t resident);  // bytes
  void records_died(const Instance& was, const Death& death);
  void ask_again_later();
  void part_over();
  std::uint32_t room() const;
  RecordId oldest_open() const;
  RecordId give(std::uint32_t first, std::uint32_t last);
  void flush_over(const Outcome& outcome);
  void settle();
  void settle_on_time();
  void wait(const Delivery::Order& order);
  void tell_if_unblocked();
  void set_aside(const Delivery::Order& order);
  void finish_aside();
  void leave_order(std::uint32_t gone);
  void failed_at(const char* code, const std::string& text);
  const Verdict* verdict_on(std::uint32_t record) const;
  const std::string& error_of(std::uint32_t record) const;
  std::uint32_t attempts_of(std::uint32_t record) const;
  void write_journal(bool sync);
  void match(const JournalNote& note, std::uint32_t from);
  void add_note(JournalNotes& to, const Delivery::Suspect& suspect, bool under_way) const;
  void note_aside(std::uint32_t first, std::uint32_t last);
  std::uint32_t lane_count() const { return static_cast<std::uint32_t>(desk_.config.concurrency); }
  // The plugin of the instance that died had its chance with the call in which it is.
  bool has_begun(const Instance& was, const Death& death) const {
    return death.call_begun && !desk_.has_call_for(was.id());
  }

  Desk& desk_;
  std::uint32_t number_;
  Delivery delivery_;
  Window window_;
  std::optional<Instance> instance_, successor_, leaving_, standby_;
  std::optional<Descriptor> about_;
  std::uint32_t generation_ = 0;
  int failed_starts_ = 0, failed_replacements_ = 0, idle_deaths_ = 0, failed_ends_ = 0;
  Time start_at_{0};
  bool look_before_start_ = false;
  bool closing_ = false;
  bool outgrown_ = false;
  kclhost_status checkpoint_ = KCLHOST_OK;  // the answer to the last one since the call began
  bool replacement_flushed_ = false;
  bool left_in_order_ = false;  // the last instance that there was
  bool took_over_ = false;      // the one that there is: from one that had left in order
  bool repeating_ = false;
  Flush flushing_ = Flush::none;
  Time settle_by_ = never;  // the flush has returned, and what it held must be acknowledged by then
  bool end_recorded_ = false;
  Opinion opinion_ = Opinion::none;  // of the release before, on what the release on trial did to the records up to
  std::uint32_t doubted_ = 0, doubted_end_ = 0;
  std::string doubt_;
  Time outlasted_ = never;  // the time that it had and that was not enough, where that is the doubt, in this call
  Call outlasted_in_ = Call::process_records;
  bool opinion_flushed_ = false;
  Time standby_at_{0};
  Answer answer_ = Answer::none;

  Batch part_;  // what the call in progress was given
  bool part_laid_out_ = false;
  // What the instance was given, as it knows it: ids from first_id on are records from `index` on.
  struct Given {
    RecordId first_id;
    std::uint32_t index, count;
  };
  std::vector<Given> given_;  // ids in order
  RecordId next_id_ = 0;
  std::vector<Verdict> verdicts_;  // of rejected records that are not finished
  Position begins_at_;             // what the last initialize was told; stays as it is until the next
  bool journal_synced_ = false;
  bool waiting_ = false;
  bool blocked_ = false;  // from when that is told until all that was told of has passed
  std::uint32_t blocked_first_ = 0, blocked_end_ = 0;
  std::string stopped_;
  bool awaiting_aside_ = false, set_aside_some_ = false, has_suspects_ = false;
  Time wake_at_ = never;
  Time ask_again_at_{0};     // after a call that failed for a refused checkpoint
  Delivery::Order order_;    // of the records that are set aside
  bool order_left_ = false;  // they were finished meanwhile
  std::int64_t first_failure_ms_ = 0, last_failure_ms_ = 0;
  std::string error_code_, error_text_;  // of the last failure
  Position delivered_;
  std::vector<JournalNote> left_over_;  // of an earlier process, not met yet
  std::vector<JournalNote> asides_;     // set aside, and not checkpointed yet
  mutable std::vector<Delivery::Suspect> known_;
};

}  // namespace kclhost::host
