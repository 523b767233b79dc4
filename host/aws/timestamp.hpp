#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace kclhost::host::aws {

// In seconds: services name dates that nanoseconds in 64 bits do not reach.
using TimePoint = std::chrono::sys_seconds;

TimePoint now();

// "2026-01-31T12:00:00Z", fractions of a second ignored; empty optional for anything else.
std::optional<TimePoint> parse_timestamp(const std::string& text);

}  // namespace kclhost::host::aws
