#include "config/reader.hpp"

#include "config/json_text.hpp"
#include "config/messages.hpp"
#include "config/nearest.hpp"
#include "config/odd_characters.hpp"
#include "config/units.hpp"

namespace kclhost::host::config {

Reader::Reader(const Tree& tree, std::string file, Config& config)
    : tree_(tree), file_(std::move(file)), config_(config) {}

void Reader::read() {
  if (tree_.root.node->kind != NodeKind::map)
    return report(tree_.root.position,
                  "the file must be a map of keys, not " + std::string(describe(*tree_.root.node)));
  read_section("", tree_.root);
  if (const auto path = seen_.find("plugin.path"); path != seen_.end()) config_.plugin.path_position = path->second;
  if (const auto path = seen_.find("shadow.path"); path != seen_.end()) config_.shadow.path_position = path->second;
  if (const auto user = seen_.find("worker.user"); user != seen_.end()) config_.worker.user_position = user->second;
  for (const auto& [name, member] : unknown_properties_) read_unknown_property(name, *member);
  check_backoffs("checkpoint.retry", config_.checkpoint.retry);
  check_backoffs("on_error.retry", config_.on_error.retry);
  check_combinations();
}

void Reader::read_section(std::string_view prefix, const Value& value) {
  for (const Member& member : value.node->members) {
    const Key* const key = find_key(std::string(prefix) + member.key.node->text);
    if (key == nullptr || key->section() != prefix) {
      unknown_key(prefix, member);
    } else {
      seen_.emplace(key->name, member.value.position);
      read_key(*key, member.value);
    }
  }
  for (const Key& key : keys())
    if (key.section() == prefix && !key.missing.empty() && !seen_.contains(key.name))
      wrong(key, value, "is missing; add '" + std::string(key.missing) + "'");
}

void Reader::unknown_key(std::string_view prefix, const Member& member) {
  const std::string& name = member.key.node->text;
  std::vector<std::string_view> siblings;
  std::vector<std::string_view> elsewhere;
  for (const Key& key : keys()) {
    if (key.section() == prefix)
      siblings.push_back(key.leaf());
    else if (key.leaf() == name)
      elsewhere.push_back(key.name);
  }
  std::string message = "unknown key " + in_quotes(name);
  if (!prefix.empty()) message += " in " + in_quotes(prefix.substr(0, prefix.size() - 1));
  if (const std::string_view near = nearest(name, siblings); !near.empty()) {
    message += did_you_mean(name, siblings);
    seen_.emplace(std::string(prefix) + std::string(near), member.key.position);  // not missing as well
  } else if (!elsewhere.empty()) {
    message += "; did you mean " + join(elsewhere, " or ") + "?";
  } else {
    message += "; known are " + join(siblings, " and ");
  }
  report(member.key.position, std::move(message));
}

void Reader::read_key(const Key& key, const Value& value) {
  if (value.node->kind == NodeKind::null && !std::holds_alternative<Section>(key.target)) {
    if (!key.nullable) wrong(key, value, "has no value; give it one, or leave the key out");
    return;
  }
  std::visit([&](const auto& target) { store(key, value, target); }, key.target);
}

// A section whose keys are all commented out is null, and as good as absent: what is required in it is missing only
// where the section is required itself.
void Reader::store(const Key& key, const Value& value, Section) {
  if (value.node->kind != NodeKind::map && value.node->kind != NodeKind::null)
    return wrong(key, value, "must be a map of keys, not " + std::string(describe(*value.node)));
  if (value.node->kind == NodeKind::null && key.missing.empty()) return;
  read_section(std::string(key.name) + ".", value);
}

void Reader::store(const Key& key, const Value& value, const AnyYaml& any) {
  warn_of_odd_characters(key, value);
  any.field(config_) = to_json(
      value, tree_.source, [this](Position position, std::string message) { report(position, std::move(message)); });
}

void Reader::store(const Key& key, const Value& value, Properties) {
  if (value.node->kind != NodeKind::map)
    return wrong(key, value, "must be a map of the daemon's properties, not " + std::string(describe(*value.node)));
  read_properties("", value);
}

void Reader::check_backoffs(std::string_view section, const Retry& retry) {
  if (retry.initial_backoff <= retry.max_backoff) return;
  auto at = seen_.find(std::string(section) + ".max_backoff");
  if (at == seen_.end()) at = seen_.find(std::string(section) + ".initial_backoff");
  if (at == seen_.end()) return;
  report(at->second, "'" + std::string(section) + ".max_backoff' (" + format_duration(retry.max_backoff) +
                         ") must not be less than initial_backoff (" + format_duration(retry.initial_backoff) + ")");
}

// What is right by itself and wrong together.
void Reader::check_combinations() {
  if (const auto age = seen_.find("on_error.max_record_age");
      age != seen_.end() && config_.on_error.max_record_age && config_.on_error.then == Then::block)
    report(age->second,
           "'on_error.max_record_age' needs another 'on_error.then': block never gives a record up; "
           "set then: skip or dead_letter");
  if (const auto file = seen_.find("log.file");
      file != seen_.end() && !config_.log.file.empty() && config_.log.sink == LogSink::standard_error)
    report(file->second, "'log.file' and log.sink: stderr exclude each other; leave one of them out");
  if (const auto workers = seen_.find("concurrency");
      workers != seen_.end() && config_.concurrency > 1 && config_.isolation == Isolation::none)
    report(workers->second, "'concurrency' above 1 needs worker processes; set isolation: process");
  if (const auto shadow = seen_.find("shadow");
      shadow != seen_.end() && config_.shadow.configured() && config_.isolation == Isolation::none)
    report(shadow->second, "'shadow' needs worker processes; set isolation: process");
  if (const auto user = seen_.find("worker.user");
      user != seen_.end() && config_.worker.user && config_.isolation == Isolation::none)
    report(user->second, "'worker.user' needs worker processes; set isolation: process");
}

void Reader::wrong(const Key& key, const Value& value, const std::string& complaint) {
  report(value.position, in_quotes(key.name) + " " + complaint);
}

void Reader::report(Position position, std::string message) {
  problems_.push_back({file_, position, std::move(message)});
}

// In what is the plugin's own such a character may be meant.
void Reader::warn_of_odd_characters(const Key& key, const Value& value) {
  const auto look = [&](const Value& scalar) {
    if (const auto odd = find_misplaced_character(scalar.node->text))
      warnings_.push_back(
          {file_, scalar.position,
           std::string(key.name) + " has " + odd->name + " here; if it is not meant, " + std::string(odd->cure)});
  };
  if (value.node->kind == NodeKind::scalar) look(value);
  for (const Value& item : value.node->items) warn_of_odd_characters(key, item);
  for (const Member& member : value.node->members) {
    look(member.key);
    warn_of_odd_characters(key, member.value);
  }
}

}  // namespace kclhost::host::config
