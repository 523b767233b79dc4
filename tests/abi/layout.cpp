// What version 1.0 has, read off whichever header the include path and LAYOUT_VERSION name.
#include "layout.hpp"

#include <kclhost/plugin.h>

namespace {

template <class T>
std::string type_name() {
  return __PRETTY_FUNCTION__;
}

}  // namespace

#define STRUCT(type, ...)                 \
  {                                       \
#type, sizeof(type), alignof(type), { \
      __VA_ARGS__                         \
    }                                     \
  }
#define FIELD(type, member) \
  { #type "." #member, offsetof(type, member), sizeof(type::member), type_name < decltype(type::member)>() }
#define CONSTANT(name) \
  { #name, static_cast < long long>(name) }

namespace LAYOUT_VERSION {

Layout layout() {
  Layout all;
  all.structs = {
      STRUCT(kclhost_string, FIELD(kclhost_string, data), FIELD(kclhost_string, size)),
      STRUCT(kclhost_error, FIELD(kclhost_error, struct_size), FIELD(kclhost_error, flags),
             FIELD(kclhost_error, first_unfinished), FIELD(kclhost_error, culprit),
             FIELD(kclhost_error, retry_after_ms), FIELD(kclhost_error, name), FIELD(kclhost_error, message)),
      STRUCT(kclhost_position, FIELD(kclhost_position, sequence_number), FIELD(kclhost_position, sub_sequence_number)),
      STRUCT(kclhost_record, FIELD(kclhost_record, struct_size), FIELD(kclhost_record, reserved),
             FIELD(kclhost_record, data), FIELD(kclhost_record, partition_key), FIELD(kclhost_record, sequence_number),
             FIELD(kclhost_record, sub_sequence_number), FIELD(kclhost_record, approximate_arrival_timestamp_ms),
             FIELD(kclhost_record, id)),
      STRUCT(kclhost_batch, FIELD(kclhost_batch, struct_size), FIELD(kclhost_batch, record_stride),
             FIELD(kclhost_batch, records), FIELD(kclhost_batch, record_count),
             FIELD(kclhost_batch, millis_behind_latest), FIELD(kclhost_batch, attempt), FIELD(kclhost_batch, reserved)),
      STRUCT(kclhost_initialization, FIELD(kclhost_initialization, struct_size), FIELD(kclhost_initialization, reason),
             FIELD(kclhost_initialization, shard_id), FIELD(kclhost_initialization, sequence_number),
             FIELD(kclhost_initialization, sub_sequence_number)),
      STRUCT(kclhost_label, FIELD(kclhost_label, name), FIELD(kclhost_label, value)),
      STRUCT(kclhost_metric_spec, FIELD(kclhost_metric_spec, struct_size), FIELD(kclhost_metric_spec, kind),
             FIELD(kclhost_metric_spec, name), FIELD(kclhost_metric_spec, unit), FIELD(kclhost_metric_spec, help),
             FIELD(kclhost_metric_spec, labels), FIELD(kclhost_metric_spec, label_count)),
      STRUCT(kclhost_host, FIELD(kclhost_host, struct_size), FIELD(kclhost_host, abi_minor),
             FIELD(kclhost_host, context), FIELD(kclhost_host, version), FIELD(kclhost_host, plugin_path),
             FIELD(kclhost_host, application), FIELD(kclhost_host, stream), FIELD(kclhost_host, shard_id),
             FIELD(kclhost_host, lane), FIELD(kclhost_host, lane_count), FIELD(kclhost_host, log),
             FIELD(kclhost_host, log_enabled), FIELD(kclhost_host, register_metric), FIELD(kclhost_host, record_metric),
             FIELD(kclhost_host, should_stop), FIELD(kclhost_host, remaining_ms), FIELD(kclhost_host, finish_reason),
             FIELD(kclhost_host, set_tick_interval), FIELD(kclhost_host, checkpoint),
             FIELD(kclhost_host, checkpoint_all), FIELD(kclhost_host, acknowledge), FIELD(kclhost_host, reject),
             FIELD(kclhost_host, get_extension)),
      STRUCT(kclhost_plugin, FIELD(kclhost_plugin, struct_size), FIELD(kclhost_plugin, abi_major),
             FIELD(kclhost_plugin, abi_minor), FIELD(kclhost_plugin, flags), FIELD(kclhost_plugin, id),
             FIELD(kclhost_plugin, version), FIELD(kclhost_plugin, description), FIELD(kclhost_plugin, config_schema),
             FIELD(kclhost_plugin, create), FIELD(kclhost_plugin, destroy), FIELD(kclhost_plugin, initialize),
             FIELD(kclhost_plugin, process_records), FIELD(kclhost_plugin, shard_ended),
             FIELD(kclhost_plugin, lease_lost), FIELD(kclhost_plugin, shutdown_requested), FIELD(kclhost_plugin, flush),
             FIELD(kclhost_plugin, tick), FIELD(kclhost_plugin, get_extension)),
      STRUCT(kclhost_check_config, FIELD(kclhost_check_config, struct_size), FIELD(kclhost_check_config, reserved),
             FIELD(kclhost_check_config, check)),
  };
  all.constants = {
      CONSTANT(KCLHOST_ABI_MAJOR),
      CONSTANT(KCLHOST_OK),
      CONSTANT(KCLHOST_FAILED),
      CONSTANT(KCLHOST_SHUTDOWN),
      CONSTANT(KCLHOST_THROTTLING),
      CONSTANT(KCLHOST_INVALID_STATE),
      CONSTANT(KCLHOST_DEPENDENCY),
      CONSTANT(KCLHOST_ILLEGAL_ARGUMENT),
      CONSTANT(KCLHOST_OTHER_EXCEPTION),
      CONSTANT(KCLHOST_FAILURE_PERMANENT),
      CONSTANT(KCLHOST_FAILURE_CULPRIT),
      CONSTANT(KCLHOST_NO_TIMESTAMP),
      CONSTANT(KCLHOST_INITIALIZATION_START),
      CONSTANT(KCLHOST_INITIALIZATION_RESTART),
      CONSTANT(KCLHOST_INITIALIZATION_SWAP),
      CONSTANT(KCLHOST_LOG_TRACE),
      CONSTANT(KCLHOST_LOG_DEBUG),
      CONSTANT(KCLHOST_LOG_INFO),
      CONSTANT(KCLHOST_LOG_WARN),
      CONSTANT(KCLHOST_LOG_ERROR),
      CONSTANT(KCLHOST_METRIC_COUNTER),
      CONSTANT(KCLHOST_METRIC_GAUGE),
      CONSTANT(KCLHOST_METRIC_HISTOGRAM),
      CONSTANT(KCLHOST_STOP_NO),
      CONSTANT(KCLHOST_STOP_DEADLINE),
      CONSTANT(KCLHOST_STOP_END),
      CONSTANT(KCLHOST_FINISH_NO),
      CONSTANT(KCLHOST_FINISH_SHARD_ENDED),
      CONSTANT(KCLHOST_FINISH_SHUTDOWN),
      CONSTANT(KCLHOST_FINISH_SWAP),
      CONSTANT(KCLHOST_FINISH_BISECTION),
      CONSTANT(KCLHOST_FINISH_IN_FLIGHT),
      CONSTANT(KCLHOST_PLUGIN_CHECKPOINTS),
      CONSTANT(KCLHOST_PLUGIN_EMPTY_BATCHES),
      CONSTANT(KCLHOST_PLUGIN_ACKNOWLEDGES),
  };
  return all;
}

}  // namespace LAYOUT_VERSION
