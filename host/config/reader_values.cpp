// The scalars of kclhost's own keys.
#include <algorithm>
#include <charconv>

#include "config/core_schema.hpp"
#include "config/expansion.hpp"
#include "config/messages.hpp"
#include "config/odd_characters.hpp"
#include "config/reader.hpp"
#include "config/units.hpp"

namespace kclhost::host::config {
namespace {

// Written to be read as a boolean or number: unquoted, or tagged as such. Quotes around a reference don't count, since
// flow maps force them.
bool is_literal(const Node& node) {
  if (node.text.find("${") != std::string::npos) return true;
  return node.tag != "!" && node.tag != std::string(yaml_tag_prefix) + "str";
}

bool is_known_scalar_tag(std::string_view tag) {
  constexpr std::string_view known[] = {"str", "int", "float", "bool"};
  if (tag == "?" || tag == "!") return true;
  return tag.starts_with(yaml_tag_prefix) &&
         std::find(std::begin(known), std::end(known), tag.substr(yaml_tag_prefix.size())) != std::end(known);
}

// "3" or "25%".
std::optional<RolloutStep> parse_step(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number < 1 || (percent && number > 100)) return std::nullopt;
  return RolloutStep{number, percent};
}

// "2x" or "1.5x".
std::optional<double> parse_ratio(std::string_view text) {
  if (!text.ends_with('x')) return std::nullopt;
  text.remove_suffix(1);
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 1 || number > 1'000) return std::nullopt;
  return number;
}

}  // namespace

void Reader::store(const Key& key, const Value& value, Version) {
  const auto number = integer(key, value);
  if (number && *number != 1)
    report(value.position, "'version' must be 1, the only one this kclhost knows, not " + std::to_string(*number));
}

void Reader::store(const Key& key, const Value& value, const Choice& choice) {
  const auto name = text(key.name, value, join(choice.names, " or "));
  if (!name) return;
  const auto found = std::find(choice.names.begin(), choice.names.end(), *name);
  if (found != choice.names.end()) return choice.set(config_, static_cast<int>(found - choice.names.begin()));
  wrong(key, value,
        "must be " + join(choice.names, " or ") + ", not " + in_quotes(*name) + did_you_mean(*name, choice.names));
}

void Reader::store(const Key& key, const Value& value, const Directory& directory) {
  const auto path = text(key.name, value, "a path");
  if (!path || (path->empty() && key.nullable)) return;
  if (path->empty()) return wrong(key, value, "must not be empty");
  directory.field(config_) = *path;
}

void Reader::store(const Key& key, const Value& value, Field<bool> field) {
  const auto word = text(key.name, value, "true or false");
  if (!word) return;
  const auto boolean = is_literal(*value.node) ? core_boolean(*word) : std::nullopt;
  if (boolean)
    field(config_) = *boolean;
  else if (core_boolean(*word))
    wrong(key, value, "must be true or false without quotes");
  else
    wrong(key, value, "must be true or false, not " + in_quotes(*word));
}

void Reader::store(const Key& key, const Value& value, Field<int> field) {
  if (const auto number = integer(key, value)) field(config_) = static_cast<int>(*number);
}

void Reader::store(const Key& key, const Value& value, const Count& count) {
  if (const auto number = integer(key, value)) count.field(config_) = static_cast<std::uint64_t>(*number);
}

void Reader::store(const Key& key, const Value& value, Field<Milliseconds> field) {
  if (const auto parsed = duration(key, value)) field(config_) = *parsed;
}

void Reader::store(const Key& key, const Value& value, Field<std::optional<Milliseconds>> field) {
  if (const auto parsed = duration(key, value)) field(config_) = *parsed;
}

void Reader::store(const Key& key, const Value& value, Field<std::uint64_t> field) {
  if (const auto parsed = size(key, value)) field(config_) = *parsed;
}

void Reader::store(const Key& key, const Value& value, Field<std::optional<std::uint64_t>> field) {
  if (const auto parsed = size(key, value)) field(config_) = *parsed;
}

void Reader::store(const Key& key, const Value& value, Field<std::string> field) {
  if (auto string = checked_text(key, value)) field(config_) = std::move(*string);
}

void Reader::store(const Key& key, const Value& value, Field<std::optional<std::string>> field) {
  if (auto string = checked_text(key, value)) field(config_) = std::move(*string);
}

void Reader::store(const Key& key, const Value& value, Field<std::vector<std::string>> field) {
  if (value.node->kind != NodeKind::sequence)
    return wrong(key, value, "must be a list, not " + std::string(describe(*value.node)) + "; write [item, item]");
  std::vector<std::string>& list = field(config_);
  for (const Value& item : value.node->items) {
    const std::string name = std::string(key.name) + "[" + std::to_string(&item - value.node->items.data()) + "]";
    if (auto string = text(name, item, "a string")) list.push_back(std::move(*string));
  }
}

void Reader::store(const Key& key, const Value& value, const Steps& steps) {
  if (value.node->kind != NodeKind::sequence || value.node->items.empty())
    return wrong(key, value, "must be a list of counts and percentages; write [1, 25%, 100%]");
  std::vector<RolloutStep>& list = steps.field(config_);
  list.clear();
  for (const Value& item : value.node->items) {
    const std::string name = std::string(key.name) + "[" + std::to_string(&item - value.node->items.data()) + "]";
    const auto written = text(name, item, "a count or a percentage");
    if (!written) continue;
    if (const auto step = parse_step(*written))
      list.push_back(*step);
    else
      report(item.position, in_quotes(name) + " must be a count such as 1, or 1% to 100%, not " + in_quotes(*written));
  }
}

void Reader::store(const Key& key, const Value& value, const Ratio& ratio) {
  const auto written = text(key.name, value, "a ratio such as 2x");
  if (!written || written->empty()) return;
  if (const auto parsed = parse_ratio(*written))
    ratio.field(config_) = *parsed;
  else
    wrong(key, value, "must be a ratio above 1, such as 2x or 1.5x, not " + in_quotes(*written));
}

std::optional<std::string> Reader::checked_text(const Key& key, const Value& value) {
  auto string = text(key.name, value, "a string");
  if (!string || (string->empty() && key.nullable)) return std::nullopt;
  const std::string complaint = key.check != nullptr ? key.check(*string) : "";
  if (complaint.empty()) return string;
  wrong(key, value, "" + complaint);
  return std::nullopt;
}

std::optional<std::int64_t> Reader::integer(const Key& key, const Value& value) {
  const auto digits = text(key.name, value, "a whole number");
  if (!digits) return std::nullopt;
  const auto number =
      is_literal(*value.node) && core_type(*digits) == ScalarType::integer ? json_number(*digits) : std::nullopt;
  std::int64_t result = 0;
  if (!number) {
    wrong(key, value,
          "must be a whole number, " +
              (core_type(*digits) == ScalarType::integer ? "without quotes" : "not " + in_quotes(*digits)));
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(number->data(), number->data() + number->size(), result);
  if (error == std::errc{} && result >= key.least && result <= key.most) return result;
  wrong(key, value,
        "must be between " + std::to_string(key.least) + " and " + std::to_string(key.most) + ", not " + *digits);
  return std::nullopt;
}

std::optional<Milliseconds> Reader::duration(const Key& key, const Value& value) {
  const auto written = text(key.name, value, "a duration such as 10s");
  if (!written || (written->empty() && key.nullable)) return std::nullopt;
  const auto parsed = parse_duration(*written);
  if (parsed && parsed->count() >= key.least) return parsed;
  if (parsed)
    wrong(key, value, "must be longer than 0, not " + in_quotes(*written));
  else if (core_type(*written) == ScalarType::integer)
    wrong(key, value, "has no unit; write " + *written + "s, or ms, m, h, d instead of s");
  else
    report(value.position, in_quotes(key.name) +
                               " must be a whole number with a unit, such as 200ms, 10s, 5m or 1h, not " +
                               in_quotes(*written));
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::size(const Key& key, const Value& value) {
  const auto written = text(key.name, value, "a size such as 64MiB");
  if (!written || (written->empty() && key.nullable)) return std::nullopt;
  const auto parsed = parse_size(*written);
  const auto least = static_cast<std::uint64_t>(key.least);
  if (parsed && *parsed >= least && *parsed <= key.most_bytes) return parsed;
  if (parsed && *parsed < least)
    wrong(key, value, "must be at least " + format_size(least) + ", not " + in_quotes(*written));
  else if (parsed)
    wrong(key, value, "must be at most " + format_size(key.most_bytes) + ", not " + in_quotes(*written));
  else
    wrong(key, value, "must be a whole number with a unit, such as 64MiB or 10MB, not " + in_quotes(*written));
  return std::nullopt;
}

std::optional<std::string> Reader::text(std::string_view name, const Value& value, std::string_view what) {
  if (value.node->kind != NodeKind::scalar) {
    report(value.position,
           in_quotes(name) + " must be " + std::string(what) + ", not " + std::string(describe(*value.node)));
    return std::nullopt;
  }
  if (!is_known_scalar_tag(value.node->tag)) {
    report(value.position, in_quotes(name) + " has the tag " + value.node->tag + "; leave it out");
    return std::nullopt;
  }
  const std::size_t before = problems_.size();
  std::string string = expanded(value);
  if (problems_.size() > before) return std::nullopt;  // what is wrong with the rest would be a guess
  if (const std::string objection = objection_to_characters(string); !objection.empty()) {
    report(value.position, in_quotes(name) + " " + objection);
    return std::nullopt;
  }
  return string;
}

std::string Reader::expanded(const Value& scalar) {
  return expand(*scalar.node, tree_.source,
                [this](Position position, std::string message) { report(position, std::move(message)); });
}

}  // namespace kclhost::host::config
