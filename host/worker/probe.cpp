#include "worker/probe.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "support/event_loop.hpp"
#include "worker/life.hpp"

namespace kclhost::host::worker {
namespace {

constexpr std::size_t most_lines = 5;
constexpr std::size_t most_bytes = 4096;

class Probe final : public Listener {
 public:
  std::optional<Descriptor> about;
  std::string refused;
  std::optional<Outcome> answer;
  std::optional<Death> death;
  bool over = false;

  // "...; it printed: one | two"
  std::string with_output(std::string error) const {
    for (std::size_t i = 0; i < printed_.size(); ++i) error += (i == 0 ? "; it printed: " : " | ") + printed_[i];
    return error;
  }

 private:
  void loaded(WorkerId, const Descriptor& descriptor) override { about = descriptor; }
  void not_loaded(WorkerId, const std::string& why) override { refused = why; }
  void ended(WorkerId, const Death* how) override {
    if (how != nullptr) death = *how;
    over = true;
  }
  void log(WorkerId, std::int32_t, std::string_view source, std::string_view text) override {
    if (source == "host") return;
    printed_.emplace_back(text.substr(0, most_bytes));
    bytes_ += printed_.back().size();
    while (printed_.size() > most_lines || bytes_ > most_bytes) {
      bytes_ -= printed_.front().size();
      printed_.pop_front();
    }
  }
  void outcome(WorkerId, CallNumber, const Outcome& outcome) override { answer = outcome; }
  void wants_checkpoint(WorkerId, CallNumber, std::optional<std::string_view>, std::int64_t) override {}
  void metric_made(WorkerId, std::uint32_t, const kclhost_metric_spec&) override {}
  void metric(WorkerId, std::uint32_t, double) override {}
  void acknowledged(WorkerId, RecordId, std::uint64_t) override {}
  void rejected(WorkerId, RecordId, std::string_view) override {}
  void wants_ticks(WorkerId, std::uint32_t) override {}

  std::deque<std::string> printed_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<Probed> probe(const std::string& path, config::Milliseconds timeout, const Question& question) {
  Probe probed;
  EventLoop loop;
  const Spec spec{.staged_path = path,
                  .plugin_path = path,
                  .config_json = question.config_json,
                  .user = question.user,
                  .any_config = true,
                  .shadow = question.shadow};
  auto life = start_process(WorkerId{1}, spec, loop, nullptr, probed);
  if (!life) return Error{"can't be loaded: " + life.error()};
  const auto wait = [&](const auto& done, const char* too_long) {
    auto give_up = Clock::now() + timeout;
    while (!done() && !probed.over) {
      loop.turn(std::min(give_up, (*life)->deadline()));
      const auto now = Clock::now();
      (*life)->on_time(now);
      if (now < give_up) continue;
      give_up = Clock::time_point::max();
      (*life)->kill(Death::Kind::timeout,
                    std::string("ended because ") + too_long + " took longer than timeouts.initialize");
    }
  };
  wait([&] { return probed.about.has_value(); }, "loading");
  if (!probed.about) {
    if (!probed.refused.empty()) return Error{probed.with_output(probed.refused)};
    return Error{probed.with_output("can't be loaded: the process that tried was " + probed.death->message)};
  }
  Probed found{.about = *probed.about};
  if (question.config_json.empty() || probed.over || !question.fits(found.about)) return found;
  (*life)->call(1, {.call = Call::check_config, .timeout_ms = static_cast<std::uint32_t>(timeout.count())});
  wait([&] { return probed.answer.has_value(); }, "check_config");
  if (probed.answer) {
    found.objection = probed.answer->message;
  } else {
    found.objection = probed.with_output("the process that asked the plugin was " +
                                         (probed.death ? probed.death->explained() : std::string("gone")));
  }
  return found;
}

}  // namespace kclhost::host::worker
