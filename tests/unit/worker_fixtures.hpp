// A host for one worker's life, which writes down what it reports.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alone.hpp"
#include "core_messages.hpp"
#include "support/event_loop.hpp"
#include "worker/life.hpp"

namespace kclhost::host::test {

using Lines = std::vector<std::string>;

class FakeListener final : public worker::Listener {
 public:
  struct LogLine {
    std::int32_t level;
    std::string source, text;
  };
  struct Reported {
    CallNumber call;
    Outcome outcome;
  };

  std::optional<Descriptor> about;
  std::optional<std::string> why_not_loaded;
  std::vector<Reported> outcomes;
  bool over = false;
  std::optional<Death> death;
  std::vector<LogLine> lines;
  Lines checkpoints, metrics;
  // What became of records, in order: "0+3" acknowledged, "-4 why" rejected, "call 2" that one's outcome, "end".
  Lines custody;
  std::vector<std::uint32_t> tick_intervals;

  // What a checkpoint is answered with at once; none: not at all.
  std::optional<CheckpointAnswer> answer = CheckpointAnswer{};
  worker::Life* life = nullptr;

  Lines texts(std::string_view source = "plugin") const {
    Lines found;
    for (const LogLine& line : lines) {
      if (line.source == source) found.push_back(line.text);
    }
    return found;
  }
  std::string frames() const {
    std::string all;
    for (const std::string& frame : death->stack) all += frame + "\n";
    return all;
  }

  void loaded(WorkerId worker, const Descriptor& descriptor) override {
    check(worker);
    EXPECT_FALSE(about);
    about = descriptor;
  }
  void not_loaded(WorkerId worker, const std::string& why) override {
    check(worker);
    EXPECT_FALSE(about || why_not_loaded);
    why_not_loaded = why;
  }
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome_of_call) override {
    check(worker);
    outcomes.push_back({call, outcome_of_call});
    custody.push_back("call " + std::to_string(call));
  }
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t sub_sequence_number) override {
    check(worker);
    checkpoints.push_back(std::string(sequence_number.value_or("null")) + "/" + std::to_string(sub_sequence_number));
    if (answer) life->answer_checkpoint(call, *answer);
  }
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override {
    check(worker);
    lines.push_back({level, std::string(source), std::string(text)});
  }
  void metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) override {
    check(worker);
    EXPECT_EQ(metric, made_++);
    std::string line = "made " + std::to_string(spec.kind) + " " + string_of(spec.name) + " '" + string_of(spec.unit) +
                       "' '" + string_of(spec.help) + "'";
    for (std::size_t i = 0; i < spec.label_count; ++i) {
      line += " " + string_of(spec.labels[i].name) + "=" + string_of(spec.labels[i].value);
    }
    metrics.push_back(line);
  }
  void metric(WorkerId worker, std::uint32_t metric, double value) override {
    check(worker);
    EXPECT_LT(metric, made_);
    metrics.push_back(std::to_string(metric) + " " + std::to_string(value));
  }
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) override {
    check(worker);
    custody.push_back(std::to_string(first) + "+" + std::to_string(count));
  }
  void rejected(WorkerId worker, RecordId record, std::string_view reason) override {
    check(worker);
    custody.push_back("-" + std::to_string(record) + " " + std::string(reason));
  }
  void wants_ticks(WorkerId worker, std::uint32_t interval_ms) override {
    check(worker);
    tick_intervals.push_back(interval_ms);
  }
  void ended(WorkerId worker, const Death* how) override {
    check(worker);
    custody.push_back("end");
    over = true;
    if (how != nullptr) death = *how;
  }

  static constexpr WorkerId id{17};

 private:
  static std::string string_of(const kclhost_string& text) { return {text.data, text.size}; }

  std::uint32_t made_ = 0;

  void check(WorkerId worker) const {
    EXPECT_EQ(worker, id);
    EXPECT_FALSE(over) << "a report after the last";
  }
};

// Where a worker runs.
enum class In { process, thread };

inline std::string name_of(In in) {
  return in == In::process ? "process" : "thread";
}

class WorkerTest : public testing::Test {
 protected:
  static inline const std::string teller = KCLHOST_TEST_PLUGINS "/teller.so";
  static inline const std::string crasher = KCLHOST_TEST_PLUGINS "/crasher.so";
  static inline const std::string hostile = KCLHOST_TEST_PLUGINS "/hostile.so";
  static inline const std::string acker = KCLHOST_TEST_PLUGINS "/acker.so";

  // Starts one, and waits for nothing.
  void begin(worker::Spec spec, In in = In::process) {
    life.reset();
    wait_until_alone();
    listener = std::make_unique<FakeListener>();
    number = 0;
    next_record = 0;
    auto started = in == In::process
                       ? worker::start_process(FakeListener::id, std::move(spec), loop, &decode->buffer, *listener)
                       : worker::start_thread(FakeListener::id, std::move(spec), loop, &decode->buffer, *listener);
    ASSERT_TRUE(started) << started.error();
    life = std::move(*started);
    listener->life = life.get();
  }
  static worker::Spec spec_of(const std::string& plugin, const std::string& config_json = "{}",
                              std::int32_t log_level = KCLHOST_LOG_INFO) {
    return {.staged_path = plugin,
            .plugin_path = "plugins/configured.so",
            .config_json = config_json,
            .log_level = log_level};
  }
  // Starts one, and waits until its plugin is loaded or is not.
  void start(const std::string& plugin, const std::string& config_json = "{}",
             std::int32_t log_level = KCLHOST_LOG_INFO, In in = In::process) {
    begin(spec_of(plugin, config_json, log_level), in);
    turn_until([this] { return listener->about || listener->over; });
  }
  // The same, of one that lives on when an instance is destroyed.
  void start_for_many(const std::string& plugin, In in) {
    worker::Spec spec = spec_of(plugin);
    spec.outlives_destroy = true;
    begin(std::move(spec), in);
    turn_until([this] { return listener->about || listener->over; });
  }
  // Turns the loop as the driver does.
  template <class Done>
  void turn_until(Done&& done) {
    while (!done()) {
      loop.turn(life->deadline());
      life->on_time(Clock::now());
    }
  }
  template <class Done>
  bool turn_until(Done&& done, Clock::time_point deadline) {
    while (!done()) {
      if (Clock::now() >= deadline) return false;
      loop.turn(std::min(deadline, life->deadline()));
      life->on_time(Clock::now());
    }
    return true;
  }
  void wait_for_end() {
    turn_until([this] { return listener->over; });
  }
  void send(Request request) {
    request.first_id = next_record;
    next_record += request.batch.count;
    life->call(++number, request);
  }
  // Makes a call and waits for what comes of it, which may be a death.
  void call(const Request& request) {
    send(request);
    turn_until([this] { return listener->over || (has_outcome() && last().call == number); });
  }
  void call(Call call_) { call(Request{.call = call_}); }
  bool has_outcome() const { return !listener->outcomes.empty(); }
  const FakeListener::Reported& last() const { return listener->outcomes.back(); }
  const Outcome& outcome() const {
    EXPECT_TRUE(has_outcome() && last().call == number);
    return last().outcome;
  }
  bool ok() const { return has_outcome() && last().call == number && last().outcome.ok(); }

  Request process(const std::string& line) {
    const auto message = (*decode)(line);
    EXPECT_TRUE(message) << message.error();
    return {.call = Call::process_records, .batch = message->batch};
  }
  // A record that tells the plugin what to do.
  Request order(std::string_view text) { return process(batch_of({text})); }
  static std::string batch_of(std::initializer_list<std::string_view> texts) {
    std::string line = R"({"action":"processRecords","millisBehindLatest":5,"records":[)";
    int count = 0;
    for (const std::string_view text : texts) {
      std::string data;
      base64::encode(text, data);
      line += (count ? "," : "") + std::string(R"({"partitionKey":"k","data":")") + data + R"(","sequenceNumber":")" +
              std::to_string(100 + count) + "\"}";
      ++count;
    }
    return line + "]}";
  }
  void up(const std::string& plugin, In in = In::process) {
    start(plugin, "{}", KCLHOST_LOG_INFO, in);
    ASSERT_TRUE(listener->about);
    call(Call::create);
    ASSERT_TRUE(ok());
    forget();
  }
  void forget() {
    listener->lines.clear();
    listener->metrics.clear();
    listener->checkpoints.clear();
    listener->custody.clear();
  }
  // The worker's process.
  pid_t pid() {
    call(order("pid"));
    return static_cast<pid_t>(std::stoi(listener->texts().back()));
  }

  EventLoop loop;
  std::optional<Decoder> decode{std::in_place};
  std::unique_ptr<FakeListener> listener = std::make_unique<FakeListener>();
  std::unique_ptr<worker::Life> life;
  CallNumber number = 0;
  RecordId next_record = 0;
};

}  // namespace kclhost::host::test
