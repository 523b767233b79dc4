#include "run/worker_spec.hpp"

#include "run/replay_state.hpp"
#include "store/state_key.hpp"

namespace kclhost::host::run {

worker::Spec worker_spec(const config::Config& config, const std::optional<worker::User>& user) {
  worker::Spec spec{.staged_path = {},
                    .plugin_path = {},
                    .config_json = {},
                    .most_held = config.in_flight.max_records,
                    .log_level = static_cast<std::int32_t>(config.log.level),
                    .max_memory = config.worker.max_memory,
                    .core_dumps = config.worker.core_dumps,
                    .orderly_exit = config.worker.orderly_exit,
                    .user = user};
  // What is played back is no application's, and a plugin must not take it for one's.
  if (!is_replayed()) {
    spec.application = store::daemon_property(config, "applicationName");
    spec.stream = store::stream_name(config);
  }
  return spec;
}

}  // namespace kclhost::host::run
