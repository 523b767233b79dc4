// The three classes that a plugin may derive from, and how it fails. They differ in when a record is done, which is to
// say: up to when kclhost keeps it, and gives it to another instance if this one dies.
#ifndef KCLHOST_PROCESSORS_HPP
#define KCLHOST_PROCESSORS_HPP

#include <kclhost/plugin.h>
#include <kclhost/checkpointer.hpp>
#include <kclhost/config.hpp>
#include <kclhost/context.hpp>
#include <kclhost/record.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kclhost {

// Thrown from process_records, says more than that the batch failed, which any other exception does as well:
//
//   throw kclhost::BatchFailure("row 17: no such column").done(17).permanent();
class BatchFailure : public std::runtime_error {
 public:
  explicit BatchFailure(const std::string& what) : std::runtime_error(what) {}

  // The first count records of the batch are done, and are not delivered again. (Of a processor that acknowledges or
  // checkpoints: they are taken on, and done when it says so.) Without a culprit the record behind them is tried alone
  // next, if count is above 0.
  BatchFailure& done(std::size_t count) noexcept {
    done_ = count;
    return *this;
  }
  // The record at this index of the batch is to blame: those in front of it are given again, then it alone.
  BatchFailure& culprit(std::size_t index) noexcept {
    culprit_ = index;
    return *this;
  }
  // Another try would fail as well.
  BatchFailure& permanent() noexcept {
    permanent_ = true;
    return *this;
  }
  // The next try is so far away, at most an hour, whatever the configured policy says.
  BatchFailure& retry_after(std::chrono::milliseconds pause) noexcept {
    retry_after_ = pause;
    return *this;
  }

  std::size_t done() const noexcept { return done_; }
  std::optional<std::size_t> culprit() const noexcept { return culprit_; }
  bool is_permanent() const noexcept { return permanent_; }
  // 0: as the policy says.
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

 private:
  std::size_t done_ = 0;
  std::optional<std::size_t> culprit_;
  bool permanent_ = false;
  std::chrono::milliseconds retry_after_{0};
};

// Why an instance is to finish what it holds.
enum class Reason {
  shard_ended,  // the shard was split or merged and has no more records
  shutdown,     // the worker is being shut down
  swap,         // another instance takes over
  bisection,    // a record that kills, or fails, is looked for; more records follow
  // More is held than in_flight allows; more records follow. One that acknowledges must not wait for this: at that
  // limit it gets nothing but ticks until it has acknowledged some of what it holds.
  in_flight,
};

namespace detail {

// What all processors have. Constructed with a Context&, which outlives it, or with nothing; a constructor that throws
// fails the shard's start. Any member may throw: the call has failed then.
class Processor {
 public:
  // A plugin changes these by constants of the same name, public, in its own class.
  static constexpr bool empty_batches = false;  // whether process_records is called for an idle shard, too
  // Whether it can run as a shadow: where Context::is_shadow() says so, it has no effect outside.
  static constexpr bool can_shadow = false;
  static constexpr std::string_view description = "";
  static constexpr std::string_view config_schema = "";  // JSON Schema of plugin.config
  // And this by a static function of the same name: throws when a configuration that fits the schema will not do.
  // `kclhost check` calls it, without an instance; a constructor has to see for itself.
  static void check_config(const Config&) {}

  Processor() = default;
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;
  virtual ~Processor() = default;

  // Once, before all else.
  virtual void initialize(const Initialization&) {}
  // Another worker owns the shard now; nothing can be checkpointed.
  virtual void lease_lost() {}
};

}  // namespace detail

// A record is done when the process_records that was given it returns. kclhost checkpoints.
class RecordProcessor : public detail::Processor {
 public:
  // After a failure the records come again, as the configured policy says.
  virtual void process_records(const Batch& batch) = 0;
  // Each of the three calls that may come last, unless the plugin tells them apart.
  virtual void finish(Reason) {}
  // kclhost checkpoints the shard's end when this returns.
  virtual void shard_ended() { finish(Reason::shard_ended); }
  virtual void shutdown_requested() { finish(Reason::shutdown); }
  virtual void flush(Reason reason) { finish(reason); }
  // As often as Context::set_tick_interval says, between other calls; late when one of them takes longer. A failure is
  // logged and has no other consequence.
  virtual void tick() {}
};

// A record is done when the plugin acknowledges it, on any thread, in any order, in the call that brought it or later:
// what a constructor that takes an AcknowledgingContext& gets. kclhost checkpoints.
class AcknowledgingProcessor : public detail::Processor {
 public:
  // A failure of the call is one of those of its records that are not acknowledged.
  virtual void process_records(const Batch& batch) = 0;
  // Finish what is held: each of the three calls below, unless the plugin tells them apart. It may return before all is
  // acknowledged; kclhost waits for that.
  virtual void finish(Reason reason) = 0;
  virtual void shard_ended() { finish(Reason::shard_ended); }
  virtual void shutdown_requested() { finish(Reason::shutdown); }
  virtual void flush(Reason reason) { finish(reason); }
  // As RecordProcessor's.
  virtual void tick() {}
};

// A record is done when the plugin checkpoints it or a later one, as with the KCL itself.
class CheckpointingProcessor : public detail::Processor {
 public:
  virtual void process_records(const Batch& batch, Checkpointer& checkpointer) = 0;
  // Finish and checkpoint what is held: each of the three calls below, unless the plugin tells them apart.
  virtual void finish(Checkpointer& checkpointer, Reason reason) = 0;
  // kclhost checkpoints the shard's end when this returns and the plugin did not.
  virtual void shard_ended(Checkpointer& checkpointer) { finish(checkpointer, Reason::shard_ended); }
  // The last chance to checkpoint. lease_lost follows.
  virtual void shutdown_requested(Checkpointer& checkpointer) { finish(checkpointer, Reason::shutdown); }
  virtual void flush(Checkpointer& checkpointer, Reason reason) { finish(checkpointer, reason); }
  // As RecordProcessor's. A checkpoint in it waits for the daemon's next message.
  virtual void tick(Checkpointer&) {}
};

}  // namespace kclhost

#endif  // KCLHOST_PROCESSORS_HPP
