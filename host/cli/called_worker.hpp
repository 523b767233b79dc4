// A worker that is called and waited for, for commands that have nothing else to do meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/interruption.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "worker/life.hpp"

namespace kclhost::host::cli {

// A worker process with its plugin. Logs what it says; a plugin's checkpoints are answered with OK. One thread.
class CalledWorker final : private worker::Listener {
 public:
  // Hears what becomes of the records that the plugin was given. Those of one worker are numbered from 0.
  class Custody {
   public:
    // Called for each checkpoint, with the plugin's arguments.
    virtual void checkpointed(std::optional<std::string_view> sequence_number, std::int64_t sub_sequence) = 0;
    virtual void acknowledged(RecordId first, std::uint64_t count) = 0;
    virtual void rejected(RecordId record, std::string_view reason) = 0;
    // A metric of this worker's, and a value of it, by its number.
    virtual void metric_made(std::uint32_t, const kclhost_metric_spec&) {}
    virtual void metric(std::uint32_t, double) {}

   protected:
    ~Custody() = default;
  };

  // What a call came to.
  struct Called {
    bool ok = false;
    bool given_up = false;  // the interruption ended it, which says nothing about what was called
    std::string code{};     // "FAILED", "DIED", "" for ok
    std::string message{};  // one line
  };
  // All references must outlive this.
  CalledWorker(EventLoop& loop, const SharedBuffer& batch, const Interruption& interruption, observe::Log& log,
               Custody& custody)
      : loop_(loop), batch_(batch), interruption_(interruption), log_(log), custody_(custody) {}

  // How long something may go on after an interruption, where that is no reason to hurry. Nothing goes on after a
  // second interruption.
  static constexpr config::Milliseconds no_hurry = std::chrono::hours(24);

  // Starts the next worker in the last one's place. `patience`: how long this may go on after an interruption.
  Called load(worker::Spec spec, config::Milliseconds timeout, config::Milliseconds patience);
  // Calls the plugin; only while alive. At its timeout the plugin is asked to stop, and ended a second later.
  Called call(const Request& request, config::Milliseconds timeout, config::Milliseconds patience);
  // Gives the plugin time, and its ticks, until `done` says so or it is over; no longer than this.
  void wait_for(const std::function<bool()>& done, config::Milliseconds timeout);
  // Lets the plugin go.
  void destroy(config::Milliseconds timeout);

  bool alive() const { return life_ != nullptr && !over_; }
  // Of a worker that lives, in bytes; else 0.
  std::uint64_t resident_memory() const { return alive() ? life_->resident_memory() : 0; }
  // Of the last plugin that was loaded.
  const Descriptor& about() const { return about_; }
  // How the last worker ended, when it did so unasked.
  Called end() const;
  std::uint32_t generation() const { return static_cast<std::uint32_t>(last_); }

 private:
  enum class Waited { done, late, interrupted };
  template <class Done>
  Waited wait(Done&& done, Clock::time_point deadline, config::Milliseconds patience);
  // Waits for what was begun, and ends the worker if it takes too long. True: the interruption ended it.
  template <class Done>
  bool finish(Done&& done, config::Milliseconds timeout, config::Milliseconds patience, const std::string& what);
  void end_by_force(const std::string& message);

  void loaded(WorkerId, const Descriptor& about) override { about_ = about, loaded_ = true; }
  void not_loaded(WorkerId, const std::string& why) override { why_not_loaded_ = why; }
  void outcome(WorkerId, CallNumber, const Outcome& outcome) override { outcome_ = outcome; }
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number) override;
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override;
  void metric_made(WorkerId, std::uint32_t metric, const kclhost_metric_spec& spec) override {
    custody_.metric_made(metric, spec);
  }
  void metric(WorkerId, std::uint32_t metric, double value) override { custody_.metric(metric, value); }
  void acknowledged(WorkerId, RecordId first, std::uint64_t count) override { custody_.acknowledged(first, count); }
  void rejected(WorkerId, RecordId record, std::string_view reason) override { custody_.rejected(record, reason); }
  void wants_ticks(WorkerId, std::uint32_t interval_ms) override { tick_interval_ = config::Milliseconds(interval_ms); }
  void ended(WorkerId worker, const Death* death) override;

  EventLoop& loop_;
  const SharedBuffer& batch_;
  const Interruption& interruption_;
  observe::Log& log_;
  Custody& custody_;
  std::unique_ptr<worker::Life> life_;
  WorkerId last_{0};
  CallNumber number_ = 0;
  RecordId next_record_ = 0;
  config::Milliseconds tick_interval_{0};
  Descriptor about_;
  bool loaded_ = false, over_ = false;
  std::string why_not_loaded_;
  std::optional<Outcome> outcome_;
  std::optional<Death> death_;
};

}  // namespace kclhost::host::cli
