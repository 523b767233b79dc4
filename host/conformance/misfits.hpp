// Configurations that a plugin may not expect.
#pragma once

#include <string>
#include <vector>

#include "conformance/subject.hpp"

namespace kclhost::host::conformance {

// The name of a key that no plugin has.
inline constexpr const char* no_such_key = "kclhost_conformance_no_such_key";

// The subject's configuration with one thing changed, where the plugin's schema lets that pass: a key that the plugin
// can't know first, then values of other types.
std::vector<std::string> odd_configurations(const Subject& subject);

// The subject's configuration with a key more.
std::string with_unknown_key(const std::string& config_json);

// What the schema refuses of the defaults that it names itself; each as "'a.b': why". The schema is JSON text.
std::vector<std::string> refused_defaults(const std::string& schema);

}  // namespace kclhost::host::conformance
