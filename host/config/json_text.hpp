// YAML as JSON text: what a plugin gets as its configuration.
#pragma once

#include <string>

#include "config/expansion.hpp"
#include "config/yaml_tree.hpp"

namespace kclhost::host::config {

// Types by YAML 1.2's core schema: unquoted true, null, 12, 0x1F, 1.5 are what they look like, quoted ones strings;
// !!str,
// !!int, !!float, !!bool, !!null decide for themselves. Strings are expanded and stay strings. Numbers keep their
// digits, however many. Keys keep their text and order. What JSON can't hold is reported, and null in the text.
std::string to_json(const Value& value, const std::string& source, const Report& report);

}  // namespace kclhost::host::config
