// A worker that is called and waited for, apart from any shard.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/records.hpp"
#include "conformance/subject.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"
#include "worker/life.hpp"

namespace kclhost::host::conformance {

// In a process of its own, or on a thread of this one. A plugin's checkpoints are answered with OK. One thread.
class Caller final : private worker::Listener {
 public:
  enum class In { own_process, this_process };

  // The loop and the subject must outlive this.
  Caller(EventLoop& loop, const Subject& subject, In in) : loop_(loop), subject_(subject), in_(in) {}

  // False: see what_went_wrong.
  bool load(const std::string& config_json);
  // The call's outcome; nothing where the worker died, or was ended because it took too long.
  std::optional<Outcome> call(Call call, std::span<const Record> records = {});
  // The same in two steps, so that others can be called meanwhile.
  bool begin(Call call, std::span<const Record> records = {});
  std::optional<Outcome> finish();
  // Hears what threads of the plugin's do between calls.
  void listen(config::Milliseconds time);
  // Asks the call that was begun to stop.
  void request_stop() { life_->request_stop(Stop::end); }

  bool alive() const { return life_ != nullptr && !over_; }
  pid_t process() const { return alive() ? life_->process() : 0; }
  // What its process had allocated at the end of the last call without records, bytes.
  std::uint64_t allocated() const { return allocated_; }
  // How it ended, unasked.
  const std::optional<Death>& death() const { return death_; }
  const std::string& why_not_loaded() const { return why_not_loaded_; }
  // What the host says of it.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  bool wait(const std::function<bool()>& done);

  void loaded(WorkerId, const Descriptor&) override { loaded_ = true; }
  void not_loaded(WorkerId, const std::string& why) override { why_not_loaded_ = why; }
  void outcome(WorkerId, CallNumber, const Outcome& outcome) override { outcome_ = outcome; }
  void wants_checkpoint(WorkerId, CallNumber call, std::optional<std::string_view>, std::int64_t) override {
    life_->answer_checkpoint(call, {});
  }
  void log(WorkerId, std::int32_t, std::string_view source, std::string_view text) override {
    if (source == "host") complaints_.emplace_back(text);
  }
  void metric_made(WorkerId, std::uint32_t, const kclhost_metric_spec&) override {}
  void metric(WorkerId, std::uint32_t, double) override {}
  void acknowledged(WorkerId, RecordId, std::uint64_t) override {}
  void rejected(WorkerId, RecordId, std::string_view) override {}
  void wants_ticks(WorkerId, std::uint32_t) override {}
  void ended(WorkerId, const Death* death) override {
    over_ = true;
    if (death != nullptr) death_ = *death;
  }

  EventLoop& loop_;
  const Subject& subject_;
  const In in_;
  SharedBuffer buffer_;
  std::unique_ptr<worker::Life> life_;
  CallNumber number_ = 0;
  Call call_{};
  RecordId next_record_ = 0;
  bool loaded_ = false, over_ = false;
  std::string why_not_loaded_;
  std::optional<Outcome> outcome_;
  std::uint64_t allocated_ = 0;
  std::optional<Death> death_;
  std::vector<std::string> complaints_;
};

}  // namespace kclhost::host::conformance
