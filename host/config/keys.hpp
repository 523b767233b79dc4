// The one table of the configuration's keys. The loader, the JSON Schema and the test of docs/configuration.md read it;
// a key's default is what a fresh Config holds.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.hpp"

namespace kclhost::host::config {

// Where a key's value goes, which also decides what the value may be.
struct Section {};
struct Version {};     // the number 1
struct Properties {};  // daemon.properties
struct Streams {};     // what each stream has of its own; config/streams.hpp reads it
struct AnyYaml {       // as JSON text
  std::string& (*field)(Config&);
};
struct Choice {
  std::span<const std::string_view> names;
  void (*set)(Config&, int index);
  int (*get)(const Config&);
};
struct Directory {  // or file; relative values lie in the configuration file's directory, or in state_dir
  std::filesystem::path& (*field)(Config&);
  std::string_view base = "config";
};
struct Count {  // a number that may be larger than an int
  std::uint64_t& (*field)(Config&);
};
struct Steps {  // a list of counts and percentages
  std::vector<RolloutStep>& (*field)(Config&);
};
struct Ratio {  // such as 2x; absent: none
  std::optional<double>& (*field)(Config&);
};
template <typename T>
using Field = T& (*)(Config&);
using Target = std::variant<Section, Version, AnyYaml, Properties, Streams, Choice, Directory, Count, Steps, Ratio,
                            Field<bool>, Field<int>, Field<Milliseconds>, Field<std::optional<Milliseconds>>,
                            Field<std::uint64_t>, Field<std::optional<std::uint64_t>>, Field<std::string>,
                            Field<std::optional<std::string>>, Field<std::vector<std::string>>>;

struct Key {
  std::string_view name;  // dotted, from the root
  std::string_view description;
  Target target;
  std::int64_t least = 1;         // of numbers, milliseconds, bytes
  std::int64_t most = INT32_MAX;  // of numbers
  std::uint64_t most_bytes = UINT64_MAX;
  std::string (*check)(std::string&) = nullptr;  // of strings: normalizes, or says what must hold; "" when it does
  std::string_view pattern = {};                 // what check accepts, as a regular expression
  std::string_view missing = {};                 // for required keys: what to add
  std::string_view derived_default = {};         // for people, where Config{} does not tell

  // null, and text that is empty (after expansion), mean the default.
  bool nullable = false;

  std::string_view leaf() const { return name.substr(name.rfind('.') + 1); }                // npos + 1 is 0
  std::string_view section() const { return name.substr(0, name.size() - leaf().size()); }  // "" or with its dot
};

std::span<const Key> keys();

// The key of that dotted name, nullptr when there is none.
const Key* find_key(std::string_view name);

// "duration", "path", …, and the default as the file would write it ("" for none): what docs and messages show.
std::string_view type_name(const Key& key);
std::string default_text(const Key& key);

}  // namespace kclhost::host::config
