#include "plugin/call.hpp"

namespace kclhost::host {

std::string_view name_of(Call call) {
  switch (call) {
    case Call::create:
      return "create";
    case Call::initialize:
      return "initialize";
    case Call::process_records:
      return "process_records";
    case Call::shard_ended:
      return "shard_ended";
    case Call::lease_lost:
      return "lease_lost";
    case Call::shutdown_requested:
      return "shutdown_requested";
    case Call::drain:
      return "drain";
    case Call::tick:
      return "tick";
    case Call::destroy:
      return "destroy";
    case Call::check_config:
      return "check_config";
  }
  return "?";
}

std::string Death::cause() const {
  return words.empty() ? message : message + "; it printed: " + words;
}

std::string Death::explained() const {
  return place.empty() ? cause() : cause() + "; in the plugin: " + place;
}

}  // namespace kclhost::host
