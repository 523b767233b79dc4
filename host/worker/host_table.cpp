#include "worker/host_table.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>

#include "kclhost_version.hpp"
#include "plugin/text.hpp"

namespace kclhost::host::worker {
namespace {

constexpr std::int64_t between_calls = -1, no_limit = std::numeric_limits<std::int64_t>::max();

std::string_view view(kclhost_string text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

// Plugins compiled against a shorter struct must not be written beyond it.
template <std::size_t N>
bool has(const kclhost_error& error, const char (&member)[N]) {
  return error.struct_size >= static_cast<std::size_t>(member - reinterpret_cast<const char*>(&error)) + N;
}

void explain(kclhost_error* error, std::string_view name, std::string_view message) {
  if (error == nullptr) return;
  if (has(*error, error->name)) copy_text(error->name, name);
  if (has(*error, error->message)) copy_text(error->message, message);
}

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of the processes that a plugin forks, each shares the memory for acknowledgements with the worker.
std::atomic<bool> forked{false};

void tell_forks() {
  forked = false;  // the worker is a fork itself
  [[maybe_unused]] static const int once = ::pthread_atfork(nullptr, nullptr, [] { forked = true; });
}

}  // namespace

bool may_checkpoint(Call call) {
  return call == Call::process_records || call == Call::shard_ended || call == Call::shutdown_requested ||
         call == Call::flush || call == Call::tick;
}

// Each gets the context, or what else a plugin holds, back.
struct HostTable::Functions {
  static HostTable& of(void* context) { return *static_cast<HostTable*>(context); }
  static HostTable& of(kclhost_checkpointer* opaque) { return *reinterpret_cast<HostTable*>(opaque); }

  static void log(void* context, std::int32_t level, kclhost_string text) {
    HostTable& table = of(context);
    if (!table.is_too_late("a line of its log")) table.host_.log(level, view(text));
  }

  static std::int32_t log_enabled(void* context, std::int32_t level) {
    return of(context).host_.log_enabled(level) ? 1 : 0;
  }

  static kclhost_status register_metric(void* context, const kclhost_metric_spec* spec, kclhost_metric** metric,
                                        kclhost_error* error) {
    if (metric != nullptr) *metric = nullptr;
    if (spec == nullptr || metric == nullptr) {
      explain(error, "", "register_metric needs a spec, and where to put the metric");
      return KCLHOST_ILLEGAL_ARGUMENT;
    }
    HostTable& table = of(context);
    const std::string why = table.make_metric(*spec, *metric);
    if (why.empty()) return KCLHOST_OK;
    table.tell_refusal(table.told_of_metric_, why);
    explain(error, "", why);
    return KCLHOST_ILLEGAL_ARGUMENT;
  }

  static void record_metric(kclhost_metric* metric, double value) {
    if (metric == nullptr) return;
    const auto& handle = *reinterpret_cast<const MetricHandle*>(metric);
    if (!handle.owner.is_too_late("a metric's value")) handle.owner.host_.metric(handle.number, value);
  }

  static std::int32_t should_stop(void* context) { return of(context).host_.should_stop(); }

  static std::int64_t remaining_ms(void* context) { return of(context).remaining_ms(); }

  static std::int32_t finish_reason(void* context) { return of(context).finish_; }

  static void set_tick_interval(void* context, std::uint32_t interval_ms) {
    const HostTable& table = of(context);
    if (table.ticks_ && table.on_calling_thread()) table.host_.ticks(interval_ms);
  }

  static kclhost_status answer(const CheckpointAnswer& given, kclhost_error* error) {
    if (!given.ok()) explain(error, given.name, given.message);
    return given.status;
  }

  static kclhost_status checkpoint(kclhost_checkpointer* opaque, const kclhost_string* sequence_number,
                                   std::int64_t sub_sequence_number, kclhost_error* error) {
    if (sequence_number == nullptr) {
      return answer({KCLHOST_ILLEGAL_ARGUMENT, "IllegalArgumentException",
                     "checkpoint needs a sequence number; checkpoint_all does without"},
                    error);
    }
    return answer(of(opaque).checkpoint(view(*sequence_number), sub_sequence_number), error);
  }

  static kclhost_status checkpoint_all(kclhost_checkpointer* opaque, kclhost_error* error) {
    return answer(of(opaque).checkpoint(std::nullopt, -1), error);
  }

  static void acknowledge(void* context, std::uint64_t first, std::uint64_t count) {
    of(context).acknowledge(first, count);
  }

  static kclhost_status reject(void* context, std::uint64_t record, kclhost_string reason) {
    return of(context).reject(record, view(reason).substr(0, longest_reason)) ? KCLHOST_OK : KCLHOST_ILLEGAL_ARGUMENT;
  }

  static const void* get_extension(void*, kclhost_string) { return nullptr; }
};

HostTable::HostTable(HostLink& host, const plugin::PluginTable& plugin, Place place, const AckMemory& memory)
    : host_(host),
      checkpoints_(plugin.checkpoints()),
      acknowledges_(plugin.acknowledges() && memory.size != 0),
      ticks_(plugin.functions.tick != nullptr),
      place_(std::move(place)),
      table_{.struct_size = sizeof table_,
             .abi_minor = KCLHOST_ABI_MINOR,
             .context = this,
             .version = KCLHOST_STRING(KCLHOST_VERSION),
             .plugin_path = string_of(place_.plugin_path),
             .application = string_of(place_.application),
             .stream = string_of(place_.stream),
             .shard_id = {},
             .lane = place_.lane,
             .lane_count = place_.lane_count,
             .log = &Functions::log,
             .log_enabled = &Functions::log_enabled,
             .register_metric = &Functions::register_metric,
             .record_metric = &Functions::record_metric,
             .should_stop = &Functions::should_stop,
             .remaining_ms = &Functions::remaining_ms,
             .finish_reason = &Functions::finish_reason,
             .set_tick_interval = &Functions::set_tick_interval,
             .checkpoint = &Functions::checkpoint,
             .checkpoint_all = &Functions::checkpoint_all,
             .acknowledge = &Functions::acknowledge,
             .reject = &Functions::reject,
             .get_extension = &Functions::get_extension},
      ends_at_(between_calls),
      waits_since_(between_calls),
      acknowledger_(memory) {
  if (acknowledges_) tell_forks();
}

void HostTable::begin(const Request& request) {
  if (request.call == Call::create) {
    destroyed_ = false;
    shard_id_ = request.shard_id;
    table_.shard_id = string_of(shard_id_);
  }
  may_checkpoint_ = may_checkpoint(request.call);
  if (request.call == Call::process_records) {
    const std::lock_guard lock(rejecting_);
    first_ = request.first_id;
    count_ = request.batch.count;
    acknowledger_.give(first_ + count_);
  }
  finish_ = static_cast<std::int32_t>(request.finish);
  ends_at_ = request.timeout_ms == 0 ? no_limit : now_ns() + std::int64_t{request.timeout_ms} * 1'000'000;
  caller_ = std::this_thread::get_id();
}

void HostTable::end() {
  caller_ = std::thread::id{};
  ends_at_ = between_calls;
  finish_ = KCLHOST_FINISH_NO;
  const std::lock_guard lock(rejecting_);
  count_ = 0;
}

CheckpointAnswer HostTable::checkpoint(std::optional<std::string_view> sequence_number,
                                       std::int64_t sub_sequence_number) {
  const char* why = nullptr;
  if (!checkpoints_) {
    why = "the host checkpoints for this plugin; set KCLHOST_PLUGIN_CHECKPOINTS to do it yourself";
  } else if (!on_calling_thread() || !may_checkpoint_) {
    why =
        "a checkpoint is possible only within process_records, tick, shard_ended, shutdown_requested and flush, from "
        "the thread that was called";
  }
  if (why != nullptr) {
    tell_refusal(told_of_checkpoint_, std::string("a checkpoint: ") + why);
    return {KCLHOST_INVALID_STATE, "InvalidStateException", why};
  }
  waits_since_ = now_ns();
  CheckpointAnswer answer = host_.checkpoint(sequence_number, sub_sequence_number);
  const std::int64_t waited = now_ns() - waits_since_;
  if (ends_at_ != no_limit) ends_at_ += waited;
  waits_since_ = between_calls;
  return answer;
}

std::int64_t HostTable::remaining_ms() const {
  const std::int64_t ends_at = ends_at_, waits_since = waits_since_;
  if (ends_at == between_calls || ends_at == no_limit) return ends_at;
  const std::int64_t now = waits_since == between_calls ? now_ns() : waits_since;
  return std::max<std::int64_t>(ends_at - now, 0) / 1'000'000;
}

std::string HostTable::make_metric(const kclhost_metric_spec& spec, kclhost_metric*& metric) {
  const std::lock_guard lock(metrics_changing_);
  const auto made = metrics_.make(spec);
  if (!made) return made.error();
  // Within the lock: the host is told of the metrics in the order of their numbers.
  if (made->is_new) {
    handles_.push_back({*this, made->number});
    host_.metric_made(made->number, metrics_[made->number]);
  }
  metric = reinterpret_cast<kclhost_metric*>(&handles_[made->number]);
  return {};
}

void HostTable::acknowledge(RecordId first, std::uint64_t count) {
  if (!acknowledges_) {
    return tell_refusal(told_of_acknowledgement_,
                        "an acknowledgement: only plugins that set KCLHOST_PLUGIN_ACKNOWLEDGES are heard");
  }
  if (forked.load(std::memory_order_relaxed) || is_too_late("an acknowledgement")) return;
  acknowledger_.acknowledge(first, count);
  // The host looks when the call is over.
  if (!on_calling_thread() && acknowledger_.wake()) host_.wake();
}

bool HostTable::reject(RecordId record, std::string_view reason) {
  if (is_too_late("a rejection")) return false;
  const std::lock_guard lock(rejecting_);
  const bool may = acknowledges_ ? record < acknowledger_.next() && !acknowledger_.is_acknowledged(record)
                                 : record >= first_ && record - first_ < count_;
  if (may) {
    host_.rejected(record, reason);
  } else {
    tell_refusal(told_of_rejection_, "the rejection of record " + std::to_string(record) +
                                         (acknowledges_ ? ", which it was not given, or is done with"
                                                        : ", which is none of the call in progress"));
  }
  return may;
}

bool HostTable::is_too_late(std::string_view what) {
  if (!destroyed_.load(std::memory_order_relaxed)) return false;
  tell_refusal(told_of_end_, std::string(what) + ": its instance is destroyed");
  return true;
}

void HostTable::tell_refusal(std::atomic<bool>& told, std::string_view what) {
  if (!told.exchange(true)) host_.refused(what);
}

}  // namespace kclhost::host::worker
