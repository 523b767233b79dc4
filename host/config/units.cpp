#include "config/units.hpp"

#include <array>
#include <charconv>
#include <span>

namespace kclhost::host::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t day_ms = 24ull * 60 * 60 * 1000;
constexpr std::uint64_t longest_ms = 36'525 * day_ms;

// From the largest to the smallest, as formatting wants them.
constexpr std::array duration_units{Unit{"d", day_ms}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                                    Unit{"ms", 1}};
constexpr std::array size_units{
    Unit{"GiB", 1ull << 30}, Unit{"GB", 1'000'000'000}, Unit{"MiB", 1ull << 20}, Unit{"MB", 1'000'000},
    Unit{"KiB", 1ull << 10}, Unit{"kB", 1000},          Unit{"KB", 1000},        Unit{"B", 1}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t limit) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units)
    if (unit.name == name) return number <= limit / unit.factor ? std::optional(number * unit.factor) : std::nullopt;
  return std::nullopt;
}

std::string format(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  return {};
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  const auto value = parse(text, duration_units, longest_ms);
  return value ? std::optional(Milliseconds(static_cast<Milliseconds::rep>(*value))) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, size_units, UINT64_MAX);
}

std::string format_duration(Milliseconds duration) {
  return duration.count() > 0 ? format(static_cast<std::uint64_t>(duration.count()), duration_units) : "0s";
}

std::string format_size(std::uint64_t bytes) {
  return bytes > 0 ? format(bytes, size_units) : "0B";
}

}  // namespace kclhost::host::config
