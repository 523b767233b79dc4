// A host for a plugin's own tests, with any test framework: it makes an instance in the test's process, gives it
// batches, and writes down what it does. C++17, header-only, nothing to link. docs/writing-a-plugin.md shows it at
// work.
//
//   kclhost::testing::Host host;
//   host.config(R"({"top": 3})");
//   auto instance = host.create<WordCounter>();               // or host.create(kclhost::testing::load("counter.so"))
//   EXPECT_TRUE(instance.process_records({"a b", "a"}));
//   EXPECT_EQ(host.counter("words_counted"), 3);
//
// It keeps the rules of kclhost/plugin.h more strictly than kclhost can: where the plugin breaks one (it checkpoints a
// record that it was never given, rejects one outside of the call, ...), the call in which it did throws BrokenRule.
#ifndef KCLHOST_TESTING_HPP
#define KCLHOST_TESTING_HPP

#include <kclhost/record_processor.hpp>
#include <kclhost/testing/instance.hpp>     // Instance
#include <kclhost/testing/outcomes.hpp>     // Outcome, CheckpointAnswer, BrokenRule
#include <kclhost/testing/plugin_file.hpp>  // load
#include <kclhost/testing/records.hpp>      // Record, Batch

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kclhost::testing {

// The host of one shard (of one lane, with concurrency), for one instance after the other. Its functions may be called
// from any thread.
class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  // Ends the process where a rule was broken that nobody has heard of yet.
  ~Host() {
    if (shard_->unreported.empty() || std::uncaught_exceptions() != 0) return;
    for (const std::string& rule : shard_->unreported) std::fprintf(stderr, "kclhost::testing: %s\n", rule.c_str());
    std::abort();
  }

  // ---- What the next instance finds

  // plugin.config, as JSON text. Without: an empty map.
  Host& config(std::string json) { return set(shard_->config, std::move(json)); }
  Host& application(std::string name) { return set(shard_->application, std::move(name)); }
  Host& stream(std::string name) { return set(shard_->stream, std::move(name)); }
  Host& shard(std::string id) { return set(shard_->shard_id, std::move(id)); }
  Host& lane(std::uint32_t lane, std::uint32_t lane_count) {
    return set(shard_->lane, lane).set(shard_->lane_count, lane_count);
  }
  // The checkpoint that it begins at: all that comes after is to be given again. Without: where the one before it has
  // come to, at first TRIM_HORIZON.
  Host& begins_at(Position position) {
    const std::lock_guard lock(shard_->mutex);
    shard_->begin_at(std::move(position));
    return *this;
  }
  // Why it begins. Without: a restart where the one before it has died, else a start.
  Host& begins_for(Beginning reason) { return set(shard_->forced_beginning, std::optional(reason)); }
  // Whether it is a shadow, which its plugin must be able to be. Without: it is not.
  Host& as_shadow(bool is_shadow = true) { return set(shard_->makes_shadows, is_shadow); }
  // Lines below it are not written. Without: all are.
  Host& log_level(LogLevel level) { return set(shard_->log_level, level); }

  // ---- Instances

  // Class as KCLHOST_PLUGIN would make it.
  template <class Class>
  Instance create() {
    static constexpr kclhost_plugin table = kclhost::detail::make_table<Class>("testing", "1");
    return create(table);
  }
  // The plugin must outlive the host.
  Instance create(const kclhost_plugin& plugin) {
    Instance instance(shard_, checked(&plugin));
    shard_->report();
    return instance;
  }

  // What the class says in `kclhost check`.
  template <class Class>
  static Outcome check_config(std::string_view json) {
    kclhost_error error = kclhost::detail::no_error();
    const kclhost_status code = kclhost::detail::Thunks<Class>::check_config(kclhost::detail::text(json), &error);
    std::string rule;
    return detail::outcome_of(code, error, 0, rule);
  }

  // ---- What calls find

  // What the next checkpoints come to, one after the other; those behind them are recorded.
  Host& answer_checkpoints(std::initializer_list<CheckpointAnswer> answers) {
    const std::lock_guard lock(shard_->mutex);
    shard_->answers.insert(shard_->answers.end(), answers.begin(), answers.end());
    return *this;
  }
  // What Context::stop_reason() and remaining() say in calls, until told otherwise: at first none, and a minute.
  Host& stop(StopReason reason) { return set(shard_->stop, reason); }
  Host& remaining(std::chrono::milliseconds left) { return set(shard_->remaining, left); }

  // ---- What happened

  // The records that are not done, in order: what comes again if the instance dies now, or what has failed. To give
  // them again: instance.process_records(host.unfinished()).
  Batch unfinished() const {
    const std::lock_guard lock(shard_->mutex);
    return shard_->unfinished();
  }
  // Up to here all are done.
  Position finished() const {
    const std::lock_guard lock(shard_->mutex);
    return shard_->finished();
  }
  // Waits for a plugin's threads until all records are done. False: they were not, in this time.
  [[nodiscard]] bool wait_until_finished(std::chrono::milliseconds at_most = std::chrono::minutes(1)) const {
    std::unique_lock lock(shard_->mutex);
    return shard_->changed.wait_for(lock, at_most, [&] { return shard_->unfinished().empty(); });
  }

  std::vector<Checkpoint> checkpoints() const { return get(shard_->checkpoints); }
  // The data of the records that were acknowledged, in that order, each once.
  std::vector<std::string> acknowledged() const { return get(shard_->acknowledged); }
  std::vector<Rejection> rejections() const { return get(shard_->rejections); }
  std::vector<Log> logs() const { return get(shard_->logs); }
  // Whether a line of the log contains this.
  bool has_logged(std::string_view text) const {
    for (const Log& log : logs()) {
      if (log.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  // What was recorded into a metric with just these labels: a counter's sum, a gauge's last value, and what a histogram
  // has observed. Throws std::logic_error for a metric that the plugin has not made, or a gauge that was never set.
  double counter(const std::string& name, const std::vector<Label>& labels = {}) const {
    return series(KCLHOST_METRIC_COUNTER, name, labels).sum();
  }
  double gauge(const std::string& name, const std::vector<Label>& labels = {}) const {
    const Series found = series(KCLHOST_METRIC_GAUGE, name, labels);
    if (found.values.empty()) detail::misuse("gauge " + found.name() + " was never set");
    return found.values.back();
  }
  std::vector<double> histogram(const std::string& name, const std::vector<Label>& labels = {}) const {
    return series(KCLHOST_METRIC_HISTOGRAM, name, labels).values;
  }

  // Called for each rule that the plugin breaks, on the thread that does, instead of BrokenRule being thrown.
  Host& on_broken_rule(std::function<void(const std::string&)> then) {
    return set(shard_->on_broken_rule, std::move(then));
  }
  std::vector<std::string> broken_rules() const { return get(shard_->broken_rules); }

 private:
  template <class T>
  Host& set(T& member, T value) {
    const std::lock_guard lock(shard_->mutex);
    member = std::move(value);
    return *this;
  }
  template <class T>
  T get(const T& member) const {
    const std::lock_guard lock(shard_->mutex);
    return member;
  }

  Series series(std::int32_t kind, const std::string& name, const std::vector<Label>& labels) const {
    const std::lock_guard lock(shard_->mutex);
    const Series* const found = shard_->metrics.find(kind, name, labels);
    if (found == nullptr) {
      Series wanted;
      wanted.spec = {name, {}, {}, labels};
      detail::misuse("there is no such metric " + wanted.name() + "; there are: " + shard_->metrics.names());
    }
    return *found;
  }

  const std::shared_ptr<detail::Shard> shard_ = std::make_shared<detail::Shard>();
};

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_HPP
