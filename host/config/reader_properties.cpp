// daemon.properties: the daemon's names, flat with dots or as nested maps.
#include "config/daemon_properties.hpp"
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
    const std::string_view near = nearest_property(name);
    report(member.key.position, "the daemon has no property '" + name + "' and would ignore it silently" +
                                    (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
    return;
  }
  std::string joined;
  if (node.kind == NodeKind::null) return;
  if (node.kind == NodeKind::sequence && (*type == PropertyType::strings || *type == PropertyType::tags)) {
    for (const Value& item : node.items) {
      const auto string = text("daemon.properties." + name, item, "a list of strings");
      if (!string) return;
      if (!joined.empty()) joined += ',';
      joined += *string;
    }
  } else if (const auto string = text("daemon.properties." + name, member.value, "a single value")) {
    joined = *string;
  } else {
    return;
  }
  // Empty is not set, so that ${ENDPOINT:-} can leave a property out.
  if (joined.empty()) return;
  const std::string complaint = check_property(*type, joined);
  if (complaint.empty())
    config_.daemon.properties.insert_or_assign(name, joined);
  else
    report(member.value.position, "'daemon.properties." + name + "' " + complaint);
}

}  // namespace kclhost::host::config
