#include "aws/timestamp.hpp"

#include <time.h>

namespace kclhost::host::aws {

TimePoint now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<TimePoint> parse_timestamp(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    do ++rest;
    while (*rest >= '0' && *rest <= '9');
  }
  if (rest[0] != 'Z' || rest[1] != '\0') return std::nullopt;
  return TimePoint(std::chrono::seconds(timegm(&utc)));
}

}  // namespace kclhost::host::aws
