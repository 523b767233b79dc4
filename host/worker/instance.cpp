#include "worker/instance.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "kclhost_version.hpp"

namespace kclhost::host::worker {
namespace {

// More records than this are rare; the room for them is given back afterwards.
constexpr std::size_t kept_records = 16'384;

std::string_view view(kclhost_string text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

kclhost_string string_of(std::string_view text) {
  return {text.data(), text.size()};
}

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

// "what it said (TheException)".
std::string text_of(std::string_view message, std::string_view exception) {
  // std::throw_with_nested throws a type of the library's own around the one that was meant.
  constexpr std::string_view nested = "std::_Nested_exception<";
  if (exception.starts_with(nested) && exception.ends_with('>')) {
    exception = exception.substr(nested.size(), exception.size() - nested.size() - 1);
  }
  if (message.empty()) return std::string(exception);
  std::string text(message);
  if (message.find(exception) == std::string_view::npos) text.append(" (").append(exception).append(")");
  return text;
}

// Plugins compiled against a shorter struct must not be written beyond it.
template <std::size_t N>
bool has_member(const kclhost_error& error, const char (&member)[N]) {
  return error.struct_size >= static_cast<std::size_t>(member - reinterpret_cast<const char*>(&error)) + N;
}

kclhost_status checkpoint(kclhost_checkpointer* opaque, const kclhost_string* sequence_number,
                          std::int64_t sub_sequence_number, kclhost_error* error) {
  Checkpointer& checkpointer = *reinterpret_cast<Checkpointer*>(opaque);
  CheckpointAnswer answer;
  if (!checkpointer.allowed) {
    answer = {KCLHOST_INVALID_STATE, "InvalidStateException",
              "the host checkpoints for this plugin; set KCLHOST_PLUGIN_CHECKPOINTS to do it yourself"};
  } else if (checkpointer.caller.load() != std::this_thread::get_id()) {
    answer = {
        KCLHOST_INVALID_STATE, "InvalidStateException",
        "a checkpoint is possible only within process_records, shard_ended, shutdown_requested and drain, from the "
        "thread that was called"};
  } else {
    std::optional<std::string_view> sequence;
    if (sequence_number != nullptr) sequence = view(*sequence_number);
    answer = checkpointer.host.checkpoint(sequence, sub_sequence_number);
  }
  if (error != nullptr && answer.status != KCLHOST_OK) {
    if (has_member(*error, error->name)) copy_text(error->name, answer.name);
    if (has_member(*error, error->message)) copy_text(error->message, answer.message);
  }
  return answer.status;
}

HostLink& host_of(void* context) {
  return *static_cast<HostLink*>(context);
}

void log(void* context, std::int32_t level, kclhost_string text) {
  host_of(context).log(level, view(text));
}

std::int32_t log_enabled(void* context, std::int32_t level) {
  return host_of(context).log_enabled(level) ? 1 : 0;
}

void metric(void* context, std::int32_t kind, kclhost_string name, double value) {
  host_of(context).metric(kind, view(name), value);
}

std::int32_t should_stop(void* context) {
  return host_of(context).should_stop() ? 1 : 0;
}

const void* get_extension(void*, kclhost_string) {
  return nullptr;
}

}  // namespace

bool may_checkpoint(Call call) {
  return call == Call::process_records || call == Call::shard_ended || call == Call::shutdown_requested ||
         call == Call::drain;
}

Descriptor describe(const plugin::PluginTable& table) {
  return {table.id,
          table.version,
          table.description,
          table.config_schema,
          table.functions.abi_minor,
          table.functions.flags};
}

Instance::Instance(plugin::PluginTable table, std::string plugin_path, HostLink& host)
    : table_(std::move(table)),
      plugin_path_(std::move(plugin_path)),
      checkpointer_{host, table_.checkpoints()},
      host_{sizeof host_,
            KCLHOST_ABI_MINOR,
            &host,
            KCLHOST_STRING(KCLHOST_VERSION),
            string_of(plugin_path_),
            &log,
            &log_enabled,
            &metric,
            &should_stop,
            &checkpoint,
            &get_extension} {}

Outcome Instance::perform(const Request& request, std::string_view config_json) {
  if (request.call != Call::create && !created_) return {};
  if (request.call == Call::process_records && !view_records(request.batch)) {
    return {KCLHOST_FAILED, 0, "no memory for the records of the batch"};
  }
  kclhost_error error{};
  error.struct_size = sizeof error;
  if (may_checkpoint(request.call)) checkpointer_.caller = std::this_thread::get_id();
  Outcome outcome;
  outcome.status = dispatch(request, config_json, error);
  checkpointer_.caller = std::thread::id{};
  if (records_.capacity() > kept_records) std::vector<kclhost_record>().swap(records_);
  if (outcome.status != KCLHOST_OK) {
    // A plugin that miscounts must not make the host skip records.
    outcome.first_unfinished = std::min<std::uint64_t>(error.first_unfinished, request.batch.count);
    error.message[sizeof error.message - 1] = '\0';
    error.name[sizeof error.name - 1] = '\0';
    outcome.message = text_of(error.message, error.name);
    if (outcome.message.empty()) outcome.message = "status " + std::to_string(outcome.status) + " without a message";
  }
  return outcome;
}

kclhost_status Instance::dispatch(const Request& request, std::string_view config_json, kclhost_error& error) noexcept {
  const kclhost_plugin& plugin = table_.functions;
  switch (request.call) {
    case Call::create: {
      const kclhost_status status = plugin.create(&host_, string_of(config_json), &self_, &error);
      created_ = status == KCLHOST_OK;
      return status;
    }
    case Call::initialize:
      return initialize(request, error);
    case Call::process_records:
      return process_records(request, error);
    case Call::shard_ended:
      return plugin.shard_ended(self_, checkpointer(), &error);
    case Call::lease_lost:
      return plugin.lease_lost ? plugin.lease_lost(self_, &error) : KCLHOST_OK;
    case Call::shutdown_requested:
      return plugin.shutdown_requested ? plugin.shutdown_requested(self_, checkpointer(), &error) : KCLHOST_OK;
    case Call::drain:
      return plugin.drain ? plugin.drain(self_, checkpointer(), &error) : KCLHOST_OK;
    case Call::destroy:
      created_ = false;
      plugin.destroy(self_);
      return KCLHOST_OK;
  }
  return KCLHOST_FAILED;
}

kclhost_status Instance::initialize(const Request& request, kclhost_error& error) {
  kclhost_initialization initialization{};
  initialization.struct_size = sizeof initialization;
  initialization.flags = request.hand_over ? KCLHOST_INITIALIZATION_HAND_OVER : 0;
  initialization.shard_id = string_of(request.shard_id);
  initialization.sequence_number = string_of(request.sequence_number);
  initialization.sub_sequence_number = request.sub_sequence_number;
  return table_.functions.initialize(self_, &initialization, &error);
}

bool Instance::view_records(const Batch& batch) {
  try {
    records_.resize(batch.count);
  } catch (const std::bad_alloc&) {
    return false;
  }
  for (std::size_t i = 0; i < batch.count; ++i) {
    const RecordEntry& entry = batch.entry(i);
    records_[i] = {sizeof(kclhost_record),
                   0,
                   {batch.base + entry.data, entry.data_size},
                   {batch.base + entry.partition_key, entry.partition_key_size},
                   {batch.base + entry.sequence_number, entry.sequence_number_size},
                   entry.sub_sequence_number,
                   entry.arrival_ms};
  }
  return true;
}

kclhost_status Instance::process_records(const Request& request, kclhost_error& error) {
  kclhost_batch view{};
  view.struct_size = sizeof view;
  view.record_stride = sizeof(kclhost_record);
  view.records = records_.data();
  view.record_count = request.batch.count;
  view.millis_behind_latest = request.batch.millis_behind_latest;
  view.attempt = request.attempt;
  return table_.functions.process_records(self_, &view, checkpointer(), &error);
}

}  // namespace kclhost::host::worker
