// The host's side of the conversation with one worker: what may be said, when, and by whom.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "plugin/metrics.hpp"
#include "support/shared_buffer.hpp"
#include "worker/acknowledgements.hpp"
#include "worker/channel.hpp"
#include "worker/control.hpp"
#include "worker/life.hpp"

namespace kclhost::host::worker {

// Believes nothing it is told: what another process says in the worker's place, or the worker about another call, is
// ignored and logged once; a worker that says what none says is reported to the owner. Never waits. Host's thread only.
class Dialogue {
 public:
  class Owner {
   public:
    // The worker has broken the rules: "sent ...", to follow "the worker". More of it is read only if it is asked for.
    virtual void misbehaved(const std::string& what) = 0;

   protected:
    ~Owner() = default;
  };

  // `batch` may be null. All references must outlive this.
  Dialogue(WorkerId worker, Channel channel, std::shared_ptr<ControlPage> control, const SharedBuffer* batch,
           Listener& listener, Owner& owner);

  int fd() const { return channel_.fd(); }
  Control& control() const { return **control_; }
  // The process whose messages count.
  void begin(pid_t peer, const Spec& spec);
  void call(CallNumber number, const Request& request);
  void answer_checkpoint(CallNumber number, const CheckpointAnswer& answer);

  // For a turn, so that timers and the daemon are served whatever the worker sends.
  static constexpr int packets_at_once = 64;
  // Takes and reports what has come, so many packets at the most. False when the worker's end is closed. What it leaves
  // keeps the descriptor ready.
  bool read(int most = packets_at_once);
  // The same at the worker's end, when nobody will ask again; and what was acknowledged until then.
  void drain(int most);
  // Nothing is read any more.
  void stop_reading() { reading_ = false; }

  // The batch's memory was replaced, and the worker can be told now: until it is, it keeps the old memory alive.
  bool view_is_stale() const { return batch_ != nullptr && !in_call_ && sent_generation_ != batch_->generation(); }
  void send_view();

  bool not_loaded() const { return state_ == State::not_loaded; }
  // It may end: destroy was begun, which it does not outlive, or the plugin can't be loaded.
  bool may_end() const { return not_loaded() || (in_call_ && call_ == Call::destroy && !outlives_destroy_); }
  // The plugin had its chance with the last call: see Death::call_begun.
  bool call_begun() const { return !in_call_ || (*control_)->calls_begun != begun_before_; }

 private:
  void post(Header header, std::initializer_list<std::string_view> texts, int fd = -1);
  bool read_all(int most);
  Channel::Received read_one();
  void handle(const Packet& packet);
  void on_schema(const Packet& packet);
  void on_loaded(const Packet& packet);
  void on_load_failed(const Packet& packet);
  void on_outcome(const Packet& packet);
  void on_checkpoint(const Packet& packet);
  void on_metric_made(const Packet& packet);
  void on_metric(const Header& header);
  void on_rejected(const Packet& packet);
  void on_ticks(const Header& header);
  void look_for_acknowledged();
  bool is_from_worker(const Packet& packet, Channel::Received received);
  // Of the call in progress, or at least of the last one.
  bool is_of_this_call(const Header& header, const char* what);
  void warn_once(bool& warned, const std::string& text);

  const WorkerId worker_;
  Channel channel_;
  const std::shared_ptr<ControlPage> control_;
  const SharedBuffer* const batch_;
  Listener& listener_;
  Owner& owner_;
  pid_t peer_ = 0;
  bool outlives_destroy_ = false;
  bool reading_ = true;
  bool warned_of_others_ = false, warned_of_calls_ = false;
  std::uint32_t sent_generation_ = 0;

  enum class State { loading, loaded, not_loaded } state_ = State::loading;
  Descriptor descriptor_;
  bool in_call_ = false, checkpoint_waits_ = false;
  Call call_{};
  CallNumber number_ = 0;
  std::uint32_t records_ = 0;        // in the call
  std::uint32_t begun_before_ = 0;   // what the page said when the call was sent; the plugin may write anything there
  std::optional<OpenRecords> open_;  // of a plugin that acknowledges
  RecordId first_id_ = 0;            // in the call
  std::vector<bool> rejected_;       // of the records in the call; empty: none. Of a plugin that does not acknowledge
  plugin::Metrics metrics_;
  Outcome outcome_;  // kept, so that a warm host allocates nothing
  Packet packet_;
};

}  // namespace kclhost::host::worker
