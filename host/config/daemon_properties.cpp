#include "config/daemon_properties.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "config/daemon_properties_table.hpp"
#include "config/digits.hpp"
#include "config/messages.hpp"
#include "config/nearest.hpp"

namespace kclhost::host::config {
namespace {

constexpr std::array<std::string_view, 6> builders{
    "cloudWatchClient", "cloudWatchCredentialsProvider", "dynamoDBCredentialsProvider", "dynamoDbClient",
    "kinesisClient",    "kinesisCredentialsProvider"};
constexpr std::string_view fanout = "fanoutConfig";
constexpr std::string_view credentials = "awsCredentialsProvider";

constexpr std::array<std::string_view, 2> initial_positions{"LATEST", "TRIM_HORIZON"};
constexpr std::array<std::string_view, 3> metrics_levels{"NONE", "SUMMARY", "DETAILED"};
constexpr std::array<std::string_view, 3> retrieval_modes{"DEFAULT", "POLLING", "FANOUT"};
constexpr std::array<std::string_view, 2> billing_modes{"PAY_PER_REQUEST", "PROVISIONED"};
constexpr std::array<std::string_view, 2> client_versions{"CLIENT_VERSION_CONFIG_3X",
                                                          "CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X"};
constexpr std::array<std::string_view, 5> trues{"true", "yes", "y", "on", "1"};
constexpr std::array<std::string_view, 5> falses{"false", "no", "n", "off", "0"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool among(std::string_view value, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return same(value, name); });
}

bool whole_number(std::string_view value, std::int64_t least, std::int64_t most) {
  if (value.starts_with("+") && !value.starts_with("+-")) value.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() && number >= least && number <= most;
}

bool decimal_number(std::string_view value) {
  double number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() && !value.empty() && is_digit(value.back()) &&
         number >= 0;
}

// PnDTnHnMn.nS without signs, at least one part, and one after the T if there is a T.
bool iso_duration(std::string_view text) {
  const auto take = [&](char letter) {
    if (text.empty() || !same(text.substr(0, 1), std::string_view(&letter, 1))) return false;
    text.remove_prefix(1);
    return true;
  };
  if (!take('P')) return false;
  std::string_view units = "D";
  bool any = false;
  bool time = false;
  while (!text.empty()) {
    if (!time && take('T')) {
      time = true;
      units = "HMS";
      any = false;
      continue;
    }
    if (take_digits(text).empty()) return false;
    const bool fraction = time && (take('.') || take(','));
    if (fraction) take_digits(text);
    while (!units.empty() && !take(units.front())) units.remove_prefix(1);
    if (units.empty() || (fraction && units.front() != 'S')) return false;
    units.remove_prefix(1);
    any = true;
  }
  return any;
}

template <typename Check>
bool every_item(std::string_view list, Check check) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (!check(list.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

bool is_tag(std::string_view item) {
  const std::size_t equals = item.find('=');
  return equals != std::string_view::npos && equals > 0 && equals + 1 < item.size() &&
         item.find('=', equals + 1) == std::string_view::npos;
}

// identifier([index])?(.identifier([index])?)*
bool is_bean_path(std::string_view path) {
  while (true) {
    std::size_t n = 0;
    while (n < path.size() && (is_letter(path[n]) || (n > 0 && is_digit(path[n])))) ++n;
    if (n == 0) return false;
    path.remove_prefix(n);
    if (path.starts_with('[')) {
      path.remove_prefix(1);
      if (take_digits(path).empty() || !path.starts_with(']')) return false;
      path.remove_prefix(1);
    }
    if (path.empty()) return true;
    if (path.front() != '.') return false;
    path.remove_prefix(1);
  }
}

const DaemonProperty* find_property(std::string_view name) {
  const std::span<const DaemonProperty> table = daemon_property_table;
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const DaemonProperty& property, std::string_view n) { return property.name < n; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

std::string must_be(std::span<const std::string_view> choices, std::string_view value) {
  return "must be " + join(choices, " or ") + ", not " + in_quotes(value) + did_you_mean(value, choices);
}

}  // namespace

std::span<const DaemonProperty> daemon_properties() {
  return daemon_property_table;
}

std::span<const std::string_view> property_builders() {
  return builders;
}

std::string canonical_property(std::string_view name) {
  if (same(name.substr(0, credentials.size()), credentials))
    return std::string(credentials) + std::string(name.substr(credentials.size()));
  return std::string(name);
}

bool is_property_group(std::string_view name) {
  const std::string_view head = name.substr(0, std::min(name.find('.'), name.find('[')));
  if (name == fanout) return true;
  return std::find(builders.begin(), builders.end(), head) != builders.end() && is_bean_path(name);
}

std::string_view property_since(std::string_view name) {
  const DaemonProperty* const property = find_property(name);
  return property == nullptr ? "" : property->since;
}

std::optional<PropertyType> property_type(std::string_view name) {
  if (const DaemonProperty* const property = find_property(name)) return property->type;
  if (name.find('.') != std::string_view::npos && is_property_group(name)) return PropertyType::string;
  return std::nullopt;
}

std::string_view nearest_property(std::string_view name) {
  std::vector<std::string_view> names(builders.begin(), builders.end());
  for (const DaemonProperty& property : daemon_properties()) names.push_back(property.name);
  names.push_back(fanout);
  const std::string_view near = nearest(name, names);
  const std::size_t point = name.find('.');
  return near.empty() && point != std::string_view::npos ? nearest(name.substr(0, point), names) : near;
}

std::span<const std::string_view> property_choices(PropertyType type) {
  switch (type) {
    case PropertyType::initial_position:
      return initial_positions;
    case PropertyType::metrics_level:
      return metrics_levels;
    case PropertyType::retrieval_mode:
      return retrieval_modes;
    case PropertyType::billing_mode:
      return billing_modes;
    case PropertyType::client_version:
      return client_versions;
    default:
      return {};
  }
}

bool is_choice(std::string_view value, std::string_view choice) {
  return same(value, choice);
}

bool is_true(std::string_view value) {
  return among(value, trues);
}

std::string check_property(PropertyType type, std::string_view value) {
  const auto unless = [&](bool ok, const char* message) {
    return ok ? std::string() : std::string(message) + ", not " + in_quotes(value);
  };
  switch (type) {
    case PropertyType::string:
      return {};
    case PropertyType::boolean:
      return unless(among(value, trues) || among(value, falses), "must be true or false");
    case PropertyType::int32:
      return unless(whole_number(value, 0, INT32_MAX), "must be a whole number from 0 to 2147483647, without unit");
    case PropertyType::int64:
      return unless(whole_number(value, 0, INT64_MAX), "must be a whole number from 0 on, without unit");
    case PropertyType::signed32:
      return unless(whole_number(value, INT32_MIN, INT32_MAX),
                    "must be a whole number from -2147483648 to 2147483647, without unit");
    case PropertyType::signed64:
      return unless(whole_number(value, INT64_MIN, INT64_MAX), "must be a whole number, without unit");
    case PropertyType::floating:
      return unless(decimal_number(value), "must be a number from 0 on");
    case PropertyType::timestamp:
      return unless(whole_number(value, 0, INT64_MAX / 1000), "must be a time in seconds since the epoch");
    case PropertyType::uri:
      return unless(value.find("://") != 0 && value.find("://") != std::string_view::npos,
                    "must be a URL with its scheme, such as http://localhost:4566");
    case PropertyType::region: {
      const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; };
      return unless(std::all_of(value.begin(), value.end(), allowed), "must be a region's name, such as us-east-1");
    }
    case PropertyType::strings:
      return unless(every_item(value, [](std::string_view item) { return !item.empty(); }),
                    "must be a list, or names separated by commas");
    case PropertyType::tags:
      return unless(every_item(value, is_tag), "must be key=value, or several separated by commas");
    case PropertyType::duration:
      return unless(iso_duration(value), "must be an ISO 8601 duration, such as PT30M");
    case PropertyType::object:
      return "can't be set in a properties file; leave it out";
    default:
      break;
  }
  const auto choices = property_choices(type);
  return among(value, choices) ? std::string() : must_be(choices, value);
}

}  // namespace kclhost::host::config
