// Durations and sizes as the configuration writes them: a whole number and a unit, 10s or 64MiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace kclhost::host::config {

// ms, s, m, h, d. Nothing when text has another form, or is longer than anybody means (100 years).
std::optional<Milliseconds> parse_duration(std::string_view text);

// B, kB, KB, KiB, MB, MiB, GB, GiB; in bytes. Nothing when text has another form or does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);

// In the largest unit that needs no fraction; parse_*(format_*(x)) is x.
std::string format_duration(Milliseconds duration);
std::string format_size(std::uint64_t bytes);

}  // namespace kclhost::host::config
