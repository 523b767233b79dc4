// What the MultiLangDaemon (3.1.3 to 3.5.1) accepts in its properties file. It ignores a name it doesn't know and reads
// 0 or false from a value it can't parse, both silently: so kclhost checks them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kclhost::host::config {

enum class PropertyType {
  boolean,
  int32,
  int64,
  signed32,  // those that the daemon can work with when they are negative
  signed64,
  floating,
  string,
  uri,
  region,
  strings,           // separated by commas
  tags,              // key=value, separated by commas
  duration,          // ISO 8601, as java.time.Duration reads it
  timestamp,         // seconds since the epoch
  initial_position,  // these and the next: one of property_choices
  metrics_level,
  retrieval_mode,
  billing_mode,
  client_version,
  object,  // has a setter that no properties file can serve
};

struct DaemonProperty {
  std::string_view name;
  PropertyType type;
  std::string_view since = {};  // the first version that has it; "": every one from 3.1.3 on
};

// Sorted by name. Those below a group have its name and a dot before theirs.
std::span<const DaemonProperty> daemon_properties();

// The name as the daemon reads it: it is lax about the case of AWSCredentialsProvider alone.
std::string canonical_property(std::string_view name);

// The version that the property came with; "" for those that every daemon has, and for all other names.
std::string_view property_since(std::string_view name);

// Nothing for a name the daemon doesn't know. Everything below the AWS clients and credentials providers is a string:
// the daemon sets these by reflection on the SDK's builders, and stops with an error of its own on a wrong one.
std::optional<PropertyType> property_type(std::string_view name);

// Names with properties below them: fanoutConfig, kinesisClient, …
bool is_property_group(std::string_view name);
std::span<const std::string_view> property_builders();  // the groups with any name below

// The property, or the group of a dotted one, that an unknown name may stand for; "" when none is near.
std::string_view nearest_property(std::string_view name);

// The values an enum takes, in any case; none for other types.
std::span<const std::string_view> property_choices(PropertyType type);

// Whether the daemon reads true from a boolean's value.
bool is_true(std::string_view value);

// Whether the daemon reads this one of property_choices from a value: in any case.
bool is_choice(std::string_view value, std::string_view choice);

// "" when the daemon can read value, else what is wrong: "must be …, not …".
std::string check_property(PropertyType type, std::string_view value);

}  // namespace kclhost::host::config
