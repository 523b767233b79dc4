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
    case Call::destroy:
      return "destroy";
  }
  return "?";
}

}  // namespace kclhost::host
