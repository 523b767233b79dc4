// What kclhost offers an instance from its constructor to its destructor: configuration, log, metrics, its place in the
// application, the time that is left, and verdicts on records.
#ifndef KCLHOST_CONTEXT_HPP
#define KCLHOST_CONTEXT_HPP

#include <kclhost/plugin.h>
#include <kclhost/config.hpp>
#include <kclhost/detail/views.hpp>
#include <kclhost/record.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost {

enum class LogLevel : std::int32_t {
  trace = KCLHOST_LOG_TRACE,
  debug = KCLHOST_LOG_DEBUG,
  info = KCLHOST_LOG_INFO,
  warn = KCLHOST_LOG_WARN,
  error = KCLHOST_LOG_ERROR,
};

struct Label {
  std::string name;  // [a-zA-Z_][a-zA-Z0-9_]*, not beginning with two underscores
  std::string value;
};

// What a metric is. Two that differ in nothing but the labels' values are series of one metric.
struct MetricSpec {
  std::string name;             // [a-z_][a-z0-9_]*, without the unit and without _total
  std::string help = {};        // one line for a person
  std::string unit = {};        // a base unit as OpenMetrics has them: "seconds", "bytes"
  std::vector<Label> labels{};  // at most 8
};

namespace detail {

class Metric {
 public:
  Metric(const kclhost_host& host, std::int32_t kind, const MetricSpec& spec) : record_(host.record_metric) {
    std::vector<kclhost_label> labels;
    labels.reserve(spec.labels.size());
    for (const Label& label : spec.labels) labels.push_back({text(label.name), text(label.value)});
    kclhost_metric_spec c{};
    c.struct_size = sizeof c;
    c.kind = kind;
    c.name = text(spec.name);
    c.unit = text(spec.unit);
    c.help = text(spec.help);
    c.labels = labels.data();
    c.label_count = labels.size();
    kclhost_error error = no_error();
    if (host.register_metric(host.context, &c, &handle_, &error) != KCLHOST_OK) {
      throw std::invalid_argument(error.message);
    }
  }

 protected:
  void record(double value) const noexcept { record_(handle_, value); }

 private:
  decltype(kclhost_host::record_metric) record_;
  kclhost_metric* handle_ = nullptr;
};

}  // namespace detail

// The three kinds of metric. Made by a Context, valid as long as it, copied freely; each member: [any thread].
class Counter : detail::Metric {
 public:
  using Metric::Metric;
  // n is not negative.
  void add(double n = 1) const noexcept { record(n); }
};
class Gauge : detail::Metric {
 public:
  using Metric::Metric;
  void set(double value) const noexcept { record(value); }
};
class Histogram : detail::Metric {
 public:
  using Metric::Metric;
  void observe(double value) const noexcept { record(value); }
};

// Why the call in progress should return early.
enum class StopReason {
  none,      // it need not
  deadline,  // its time has passed
  end,       // the host is about to end, or another instance to take over
};

// Every member: [any thread], but for set_tick_interval.
class Context {
 public:
  Context(const kclhost_host& host, std::string_view config, bool is_shadow = false)
      : host_(host), config_(config), is_shadow_(is_shadow) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The configuration's plugin.config; an empty map when there is none. It refers to this Context.
  Config config() const { return Config(config_); }
  // The same as JSON text, for a JSON library of the plugin's own.
  std::string_view config_json() const noexcept { return config_; }

  // The KCL's application and the stream's name; empty where there is none, as with `kclhost replay`.
  std::string_view application() const noexcept { return detail::view(host_.application); }
  std::string_view stream() const noexcept { return detail::view(host_.stream); }
  std::string_view shard_id() const noexcept { return detail::view(host_.shard_id); }
  // Of the shard's instances, from 0. With `concurrency` above 1 a shard has several, and each partition key keeps to
  // one of them.
  std::uint32_t lane() const noexcept { return host_.lane; }
  std::uint32_t lane_count() const noexcept { return host_.lane_count; }
  // This instance sees copies of records that another plugin processes: it must have no effect outside. Never true
  // where the class does not set can_shadow.
  bool is_shadow() const noexcept { return is_shadow_; }
  // kclhost's own.
  std::string_view host_version() const noexcept { return detail::view(host_.version); }

  // One log line each; kclhost adds time, shard, and the plugin's id and version.
  void log(LogLevel level, std::string_view line) const noexcept {
    host_.log(host_.context, static_cast<std::int32_t>(level), detail::text(line));
  }
  void log_trace(std::string_view line) const noexcept { log(LogLevel::trace, line); }
  void log_debug(std::string_view line) const noexcept { log(LogLevel::debug, line); }
  void log_info(std::string_view line) const noexcept { log(LogLevel::info, line); }
  void log_warn(std::string_view line) const noexcept { log(LogLevel::warn, line); }
  void log_error(std::string_view line) const noexcept { log(LogLevel::error, line); }
  // Ask before building a line that costs something.
  bool log_enabled(LogLevel level) const noexcept {
    return host_.log_enabled(host_.context, static_cast<std::int32_t>(level)) != 0;
  }

  // Makes a metric, or finds the one with the same name and labels. What is wrong with a name, or differs from what the
  // metric was made with, is thrown as std::invalid_argument: make metrics in the constructor.
  Counter counter(const MetricSpec& spec) const { return {host_, KCLHOST_METRIC_COUNTER, spec}; }
  Gauge gauge(const MetricSpec& spec) const { return {host_, KCLHOST_METRIC_GAUGE, spec}; }
  Histogram histogram(const MetricSpec& spec) const { return {host_, KCLHOST_METRIC_HISTOGRAM, spec}; }

  // Whether, and why, the call in progress should return early.
  bool should_stop() const noexcept { return host_.should_stop(host_.context) != KCLHOST_STOP_NO; }
  StopReason stop_reason() const noexcept {
    switch (host_.should_stop(host_.context)) {
      case KCLHOST_STOP_NO:
        return StopReason::none;
      case KCLHOST_STOP_DEADLINE:
        return StopReason::deadline;
      default:
        return StopReason::end;
    }
  }
  // What is left of the time of the call in progress, 0 when it has passed; empty where it has no limit, and between
  // calls.
  std::optional<std::chrono::milliseconds> remaining() const noexcept {
    const std::int64_t left = host_.remaining_ms(host_.context);
    if (left < 0 || left == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return std::chrono::milliseconds(left);
  }

  // tick is called this often from now on, whether records come or not; 0, which is the default: never. From within the
  // constructor and calls alone.
  void set_tick_interval(std::chrono::milliseconds interval) const {
    if (interval.count() < 0 || interval.count() > std::numeric_limits<std::uint32_t>::max()) {
      throw std::invalid_argument("a tick interval is from 0 to 4294967295 ms, and this is " +
                                  std::to_string(interval.count()));
    }
    host_.set_tick_interval(host_.context, static_cast<std::uint32_t>(interval.count()));
  }

  // The record can't ever be processed: it goes where on_error.then sends it, without another try, and the rest goes
  // on. From within process_records, about a record of its batch; an AcknowledgingProcessor may also do it later, about
  // a record that is not done. std::invalid_argument for any other.
  void reject(const Record& record, std::string_view reason) const { reject(record.id(), reason); }
  void reject(std::uint64_t record_id, std::string_view reason) const {
    if (host_.reject(host_.context, record_id, detail::text(reason)) == KCLHOST_OK) return;
    throw std::invalid_argument("record " + std::to_string(record_id) +
                                " is none that can be rejected here: it is of another call, or was never given");
  }

 protected:
  const kclhost_host& host() const noexcept { return host_; }

 private:
  const kclhost_host& host_;
  const std::string config_;
  const bool is_shadow_;
};

// What an AcknowledgingProcessor is constructed with.
class AcknowledgingContext : public Context {
 public:
  using Context::Context;

  // These records are done; in any order, and in the call that brought them or later. [any thread]
  void acknowledge(const Record& record) const noexcept { acknowledge(record.id()); }
  void acknowledge(std::uint64_t first_record_id, std::uint64_t count = 1) const noexcept {
    host().acknowledge(host().context, first_record_id, count);
  }
  void acknowledge(const Batch& batch) const noexcept {
    if (!batch.empty()) acknowledge(batch[0].id(), batch.size());
  }
};

}  // namespace kclhost

#endif  // KCLHOST_CONTEXT_HPP
