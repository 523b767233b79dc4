// Puts a YAML tree into a Config, key by key, and notes everything that is wrong with it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/yaml_tree.hpp"

namespace kclhost::host::config {

// One use: read(), then the results. The tree and config must outlive it.
class Reader {
 public:
  Reader(const Tree& tree, std::string file, Config& config);

  void read();

  // Whether the properties are the daemon's in config.daemon.jars, which must be absolute by now. After read().
  void check_properties_version();

  std::vector<Problem> take_problems() { return std::move(problems_); }
  std::vector<Problem> take_warnings() { return std::move(warnings_); }

 private:
  void read_section(std::string_view prefix, const Value& value);
  void read_key(const Key& key, const Value& value);
  void read_properties(const std::string& prefix, const Value& value);
  void read_property(const std::string& name, const Member& member);
  void read_unknown_property(const std::string& name, const Member& member);
  std::optional<std::string> property_text(const std::string& name, const Value& value, bool list);
  void check_backoffs(std::string_view section, const Retry& retry);
  void check_combinations();

  // The overloads store a value, or report why they can't.
  void store(const Key& key, const Value& value, const Choice& choice);
  void store(const Key& key, const Value& value, const Directory& directory);
  void store(const Key& key, const Value& value, const Count& count);
  void store(const Key& key, const Value& value, const Steps& steps);
  void store(const Key& key, const Value& value, const Ratio& ratio);
  void store(const Key& key, const Value& value, Version);
  void store(const Key& key, const Value& value, Field<bool> field);
  void store(const Key& key, const Value& value, Field<int> field);
  void store(const Key& key, const Value& value, Field<Milliseconds> field);
  void store(const Key& key, const Value& value, Field<std::optional<Milliseconds>> field);
  void store(const Key& key, const Value& value, Field<std::uint64_t> field);
  void store(const Key& key, const Value& value, Field<std::optional<std::uint64_t>> field);
  void store(const Key& key, const Value& value, Field<std::string> field);
  void store(const Key& key, const Value& value, Field<std::optional<std::string>> field);
  void store(const Key& key, const Value& value, Field<std::vector<std::string>> field);
  void store(const Key& key, const Value& value, Section);
  void store(const Key& key, const Value& value, const AnyYaml& any);
  void store(const Key& key, const Value& value, Properties);
  void store(const Key&, const Value&, Streams) {}

  // An expanded scalar; nothing, and a problem, for all else.
  std::optional<std::string> text(std::string_view name, const Value& value, std::string_view what);
  std::optional<std::string> checked_text(const Key& key, const Value& value);
  std::optional<std::int64_t> integer(const Key& key, const Value& value);
  std::optional<Milliseconds> duration(const Key& key, const Value& value);
  std::optional<std::uint64_t> size(const Key& key, const Value& value);

  std::string expanded(const Value& scalar);
  void unknown_key(std::string_view prefix, const Member& member);
  void wrong(const Key& key, const Value& value, const std::string& complaint);  // "'key' complaint"
  void report(Position position, std::string message);
  void warn_of_odd_characters(const Key& key, const Value& value);

  const Tree& tree_;
  const std::string file_;
  Config& config_;
  std::vector<Problem> problems_;
  std::vector<Problem> warnings_;
  std::vector<std::pair<std::string, const Member*>> unknown_properties_;
  std::map<std::string, Position, std::less<>> seen_;  // keys and properties that the file has
};

}  // namespace kclhost::host::config
