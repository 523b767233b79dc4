#include "hub/launch_state.hpp"

#include "support/json.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::hub {

std::string LaunchState::json() const {
  return JsonOut()
      .open('{')
      .member("version", version)
      .member("name", name)
      .member("application", application)
      .member("stream", stream)
      .member("worker", worker)
      .member("metrics", metrics)
      .member("pid", pid)
      .member("started_ms", started_ms)
      .member("daemon_pid", daemon_pid)
      .member("stopping", stopping)
      .member("restarts", restarts)
      .close('}')
      .take();
}

Result<LaunchState> parse_launch_state(std::string_view text) {
  using json::number_of;
  using json::text_of;
  rapidjson::Document from;
  if (json::parse(text, from, json::Utf8::checked) || !from.IsObject()) return Error{"no state of a launch"};
  const auto stopping = from.FindMember("stopping");
  return LaunchState{.version = text_of(from, "version"),
                     .name = text_of(from, "name"),
                     .application = text_of(from, "application"),
                     .stream = text_of(from, "stream"),
                     .worker = text_of(from, "worker"),
                     .metrics = text_of(from, "metrics"),
                     .pid = number_of(from, "pid"),
                     .started_ms = number_of(from, "started_ms"),
                     .daemon_pid = number_of(from, "daemon_pid"),
                     .stopping = stopping != from.MemberEnd() && stopping->value.IsBool() && stopping->value.GetBool(),
                     .restarts = number_of(from, "restarts")};
}

}  // namespace kclhost::host::hub
