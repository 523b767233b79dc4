// daemon.properties: the daemon's names, flat with dots or as nested maps.
#include "config/daemon_properties.hpp"
#include "config/daemon_version.hpp"
#include "config/reader.hpp"

namespace kclhost::host::config {

void Reader::read_properties(const std::string& prefix, const Value& value) {
  for (const Member& member : value.node->members) {
    const std::string name = canonical_property(prefix + member.key.node->text);
    const bool map = member.value.node->kind == NodeKind::map;
    if (map && is_property_group(name)) {
      read_properties(name + ".", member.value);
      continue;
    }
    const std::string full = "daemon.properties." + name;
    const auto [first, added] = seen_.emplace(full, member.key.position);
    if (!added)
      report(member.key.position,
             "duplicate property '" + name + "'; it is already at line " + std::to_string(first->second.line));
    else
      read_property(name, member);
  }
}

void Reader::read_property(const std::string& name, const Member& member) {
  const Node& node = *member.value.node;
  const auto type = property_type(name);
  if (!type) {
    if (is_property_group(name)) {
      if (node.kind != NodeKind::null)
        report(member.value.position, "'daemon.properties." + name + "' must be a map of its properties");
      return;
    }
    unknown_properties_.emplace_back(name, &member);
    return;
  }
  const bool list = *type == PropertyType::strings || *type == PropertyType::tags;
  const auto joined = property_text(name, member.value, list);
  // Empty is not set, so that ${ENDPOINT:-} can leave a property out.
  if (!joined || joined->empty()) return;
  const std::string complaint = check_property(*type, *joined);
  if (!complaint.empty()) return report(member.value.position, "'daemon.properties." + name + "' " + complaint);
  config_.daemon.properties.insert_or_assign(name, *joined);
  config_.daemon.property_positions.insert_or_assign(name, member.value.position);
}

// A value as the daemon's properties have it; nothing for null, and, with a problem, for what is none.
std::optional<std::string> Reader::property_text(const std::string& name, const Value& value, bool list) {
  if (value.node->kind == NodeKind::null) return std::nullopt;
  if (value.node->kind != NodeKind::sequence || !list)
    return text("daemon.properties." + name, value, "a single value");
  std::string joined;
  for (const Value& item : value.node->items) {
    const auto string = text("daemon.properties." + name, item, "a list of strings");
    if (!string) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += *string;
  }
  return joined;
}

void Reader::read_unknown_property(const std::string& name, const Member& member) {
  const std::string_view near = nearest_property(name);
  const std::string guess = near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
  if (!config_.daemon.allow_unknown_properties)
    return report(member.key.position,
                  "the daemon has no property '" + name + "' and would ignore it silently" + guess);
  warnings_.push_back(
      {file_, member.key.position, "kclhost knows no property '" + name + "' of the daemon and passes it on" + guess});
  if (const auto value = property_text(name, member.value, true); value && !value->empty()) {
    config_.daemon.properties.insert_or_assign(name, *value);
    config_.daemon.property_positions.insert_or_assign(name, member.value.position);
  }
}

void Reader::check_properties_version() {
  std::string version;
  for (const auto& [name, value] : config_.daemon.properties) {
    const std::string since(property_since(name));
    if (since.empty() || config_.daemon.jars.empty()) continue;
    if (version.empty()) version = daemon_version(config_.daemon.jars);
    const auto place = seen_.find("daemon.properties." + name);
    if (!is_before(version, since) || place == seen_.end()) continue;
    const std::string message = "the daemon " + version + " in daemon.jars has no property '" + name + "'";
    if (config_.daemon.allow_unknown_properties)
      warnings_.push_back({file_, place->second, message});
    else
      report(place->second, message + " and would ignore it silently; it came with " + since);
  }
}

}  // namespace kclhost::host::config
