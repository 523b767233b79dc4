#include "worker/instance.hpp"

#include <algorithm>
#include <cstdio>
#include <new>

#include "plugin/text.hpp"

namespace kclhost::host::worker {
namespace {

// More records than this are rare; the room for them is given back afterwards.
constexpr std::size_t kept_records = 16'384;

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

Outcome failed(const Request& request, kclhost_status status, kclhost_error& error) {
  Outcome outcome{.status = status};
  error.message[sizeof error.message - 1] = '\0';
  error.name[sizeof error.name - 1] = '\0';
  outcome.message = text_of(error.message, error.name);
  if (outcome.message.empty()) outcome.message = "status " + std::to_string(status) + " without a message";
  outcome.first_unfinished = error.first_unfinished;
  if ((error.flags & KCLHOST_FAILURE_CULPRIT) != 0) outcome.culprit = error.culprit;
  outcome.permanent = (error.flags & KCLHOST_FAILURE_PERMANENT) != 0;
  if (error.retry_after_ms != 0) {
    outcome.retry_after_ms =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(error.retry_after_ms, Outcome::longest_retry_after_ms));
  }
  outcome.keep_to(request.batch.count);
  return outcome;
}

const void* extension_of(const plugin::PluginTable& table, kclhost_string id) {
  return table.functions.get_extension == nullptr ? nullptr : table.functions.get_extension(id);
}

// Of a plugin that can run so.
const kclhost_shadow& shadow_of(const plugin::PluginTable& table) {
  return *static_cast<const kclhost_shadow*>(extension_of(table, KCLHOST_STRING(KCLHOST_EXTENSION_SHADOW)));
}

}  // namespace

Descriptor describe(const plugin::PluginTable& table) {
  return {.id = table.id,
          .version = table.version,
          .description = table.description,
          .config_schema = table.config_schema,
          .abi_minor = table.functions.abi_minor,
          .flags = table.functions.flags,
          .ticks = table.functions.tick != nullptr,
          .can_shadow = why_no_shadow(table).empty()};
}

std::string why_no_shadow(const plugin::PluginTable& table) {
  const void* const offered = extension_of(table, KCLHOST_STRING(KCLHOST_EXTENSION_SHADOW));
  if (offered == nullptr) {
    return "can't run as a shadow: it does not offer " KCLHOST_EXTENSION_SHADOW
           ", by which a plugin says that a shadow of it has no effect outside";
  }
  const auto& extension = *static_cast<const kclhost_shadow*>(offered);
  constexpr auto shortest = offsetof(kclhost_shadow, create) + sizeof(kclhost_shadow::create);
  if (extension.struct_size >= shortest && extension.create != nullptr) return {};
  return "can't run as a shadow: its table for " KCLHOST_EXTENSION_SHADOW " is too short, or has no create";
}

Instance::Instance(plugin::PluginTable table, Place place, HostLink& host, const AckMemory& memory, bool shadow)
    : table_(std::move(table)), host_(host, table_, std::move(place), memory), shadow_(shadow) {}

Outcome Instance::perform(const Request& request, std::string_view config_json) {
  if (!created_ && request.call != Call::create && request.call != Call::check_config) return {};
  if (request.call == Call::process_records && !view_records(request)) {
    return {.status = KCLHOST_FAILED, .message = "no memory for the records of the batch"};
  }
  kclhost_error error{};
  error.struct_size = sizeof error;
  host_.begin(request);
  const kclhost_status status = dispatch(request, config_json, error);
  host_.end();
  if (records_.capacity() > kept_records) std::vector<kclhost_record>().swap(records_);
  return status == KCLHOST_OK ? Outcome{} : failed(request, status, error);
}

kclhost_status Instance::dispatch(const Request& request, std::string_view config_json, kclhost_error& error) noexcept {
  const kclhost_plugin& plugin = table_.functions;
  kclhost_checkpointer* const checkpointer = host_.checkpointer();
  switch (request.call) {
    case Call::create: {
      const auto create = shadow_ ? shadow_of(table_).create : plugin.create;
      const kclhost_status status = create(host_.table(), string_of(config_json), &self_, &error);
      created_ = status == KCLHOST_OK;
      return status;
    }
    case Call::initialize:
      return initialize(request, error);
    case Call::process_records:
      return process_records(request, error);
    case Call::shard_ended:
      return plugin.shard_ended(self_, checkpointer, &error);
    case Call::lease_lost:
      return plugin.lease_lost ? plugin.lease_lost(self_, &error) : KCLHOST_OK;
    case Call::shutdown_requested:
      return plugin.shutdown_requested ? plugin.shutdown_requested(self_, checkpointer, &error) : KCLHOST_OK;
    case Call::flush:
      return plugin.flush ? plugin.flush(self_, checkpointer, &error) : KCLHOST_OK;
    case Call::tick:
      return plugin.tick ? plugin.tick(self_, checkpointer, &error) : KCLHOST_OK;
    case Call::destroy:
      created_ = false;
      plugin.destroy(self_);
      return KCLHOST_OK;
    case Call::check_config:
      return check_config(config_json, error);
  }
  return KCLHOST_FAILED;
}

kclhost_status Instance::initialize(const Request& request, kclhost_error& error) {
  kclhost_initialization initialization{};
  initialization.struct_size = sizeof initialization;
  initialization.reason = static_cast<std::int32_t>(request.beginning);
  initialization.shard_id = string_of(request.shard_id);
  initialization.sequence_number = string_of(request.sequence_number);
  initialization.sub_sequence_number = request.sub_sequence_number;
  return table_.functions.initialize(self_, &initialization, &error);
}

bool Instance::view_records(const Request& request) {
  const Batch& batch = request.batch;
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
                   entry.arrival_ms,
                   request.first_id + i};
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
  return table_.functions.process_records(self_, &view, host_.checkpointer(), &error);
}

kclhost_status Instance::check_config(std::string_view config_json, kclhost_error& error) {
  const void* const offered = extension_of(table_, KCLHOST_STRING(KCLHOST_EXTENSION_CHECK_CONFIG));
  if (offered == nullptr) return KCLHOST_OK;
  const auto& extension = *static_cast<const kclhost_check_config*>(offered);
  constexpr auto shortest = offsetof(kclhost_check_config, check) + sizeof(kclhost_check_config::check);
  if (extension.struct_size < shortest || extension.check == nullptr) {
    std::snprintf(error.message, sizeof error.message, "the plugin's table for %s is too short, or has no check",
                  KCLHOST_EXTENSION_CHECK_CONFIG);
    return KCLHOST_FAILED;
  }
  return extension.check(string_of(config_json), &error);
}

}  // namespace kclhost::host::worker
