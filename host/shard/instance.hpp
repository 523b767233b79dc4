// One worker, as the shard sees it.
#pragma once

#include <string>

#include "plugin/call.hpp"
#include "shard/desk.hpp"

namespace kclhost::host {

// How far it has come, the call that it is in, and how long that may take. It asks; it is told what happened.
class Instance {
 public:
  enum class Phase {
    loading,
    loaded,
    created,
    ready,   // initialized
    ending,  // destroy was called, or it is being killed for good
  };

  // Asks for the worker. `release` is what it runs; `generation` counts a lane's instances from 1.
  Instance(Desk& desk, std::uint32_t lane, std::uint32_t release, std::uint32_t generation);

  WorkerId id() const { return id_; }
  std::uint32_t release() const { return release_; }
  std::uint32_t generation() const { return generation_; }
  Phase phase() const { return phase_; }
  const Descriptor& about() const { return about_; }
  bool in_call() const { return in_call_; }
  bool in_call(Call call) const { return in_call_ && call_ == call; }
  // In progress, or the last one.
  Call call() const { return call_; }
  CallNumber number() const { return number_; }
  bool ready() const { return phase_ == Phase::ready && !in_call(); }
  // It was told of the shard's end, or that the lease is lost: destroy is all that may follow.
  bool finished() const { return finished_; }
  // The plugin may checkpoint in the call that it is in.
  bool may_checkpoint() const;

  void begin(const Request& request, Time timeout);
  // The call that has just begun is ended sooner after its timeout than others are, and `why` says what that is.
  void cut_short(std::string why);
  // `ending` begins: nothing but the end follows.
  void destroy();
  // The plugin must not hold the shard up any longer than this.
  void hurry(Time limit, std::string why);
  void kill(Death::Kind kind, std::string message);
  // The same; and what it still says of its call is not believed.
  void condemn(std::string message);
  bool condemned() const { return condemned_; }

  void loaded(const Descriptor& about);
  // The call in progress is over.
  void over(bool ok);
  // The plugin waits for the daemon, until it goes on: that time is not its own, and no timeout ends it then.
  void waits();
  void goes_on();

  // Of the call in progress, or the last one: what it was given, the plugin's own time, and whether it was cut short
  // and took all of that without coming to a good end.
  Time timeout() const { return timeout_; }
  Time spent() const { return (in_call_ ? desk_->now.steady : over_at_) - began_; }
  bool outlasted() const { return is_cut_short_ && spent() >= timeout_; }

  Time deadline() const { return killed_ || is_excused() ? never : deadline_; }
  void on_time();

  // A tick is due this often from now on; 0: never.
  void wants_ticks(Time interval);
  // When the next one is; a call that was made, and one that is over.
  Time tick_at() const { return tick_at_; }
  void tick_begins() { tick_at_ = never; }
  void tick_is_over();

 private:
  // Not from the time on when it was asked to stop.
  bool is_excused() const { return waits_since_ != never && !asked_to_stop_; }

  Desk* desk_;
  WorkerId id_;
  std::uint32_t release_, generation_;
  Phase phase_ = Phase::loading;
  Descriptor about_;
  Call call_{};
  bool in_call_ = false;
  CallNumber number_ = 0;
  Time deadline_ = never, timeout_{0}, grace_{0}, began_{0}, over_at_{0}, waits_since_ = never;
  std::string late_;  // what is said of a call that takes too long
  Time tick_interval_{0}, tick_at_ = never;
  bool is_cut_short_ = false, asked_to_stop_ = false, killed_ = false, condemned_ = false, finished_ = false;
};

}  // namespace kclhost::host
