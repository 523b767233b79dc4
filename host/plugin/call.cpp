#include "plugin/call.hpp"

#include <algorithm>

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
    case Call::flush:
      return "flush";
    case Call::tick:
      return "tick";
    case Call::destroy:
      return "destroy";
    case Call::check_config:
      return "check_config";
  }
  return "?";
}

void Outcome::keep_to(std::uint64_t records) {
  first_unfinished = std::min(first_unfinished, records);
  if (culprit >= records) culprit.reset();
  if (records == 0) permanent = false, retry_after_ms.reset();
  if (retry_after_ms > longest_retry_after_ms) retry_after_ms = longest_retry_after_ms;
}

std::string Death::cause() const {
  return words.empty() ? message : message + "; it printed: " + words;
}

std::string Death::explained() const {
  return place.empty() ? cause() : cause() + "; in the plugin: " + place;
}

}  // namespace kclhost::host
