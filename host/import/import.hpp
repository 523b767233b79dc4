// A daemon's properties as a configuration of kclhost.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "import/java_properties.hpp"

namespace kclhost::host::importing {

struct Remark {
  int line;  // of the properties file; 0: of all of it
  std::string text;
};

struct Imported {
  std::string yaml;
  std::vector<Remark> remarks;  // what is left out and why, and what to look at; in the file's order
};

// The configuration that lets kclhost's daemon do what the properties let theirs. `source` is the file's name, for a
// comment; `plugin` the name of the plugin's file.
Imported import_properties(std::span<const Property> properties, const std::string& source, const std::string& plugin);

}  // namespace kclhost::host::importing
