#include "import/import.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "config/core_schema.hpp"
#include "config/daemon_properties.hpp"
#include "config/messages.hpp"
#include "config/odd_characters.hpp"
#include "support/json_string.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::importing {
namespace {

using config::PropertyType;

struct Renamed {
  std::string_view old, now;
};
// Names of KCL 1.x that later ones have under another.
constexpr std::array renamed{
    Renamed{"skipShardSyncAtStartupIfLeasesExist", "skipShardSyncAtWorkerInitializationIfLeasesExist"},
};

struct Replaced {
  std::string_view name, why;
};
constexpr std::array replaced{
    Replaced{"executableName", "the daemon runs kclhost, and your processor becomes plugin.path"},
    Replaced{"processingLanguage", "kclhost launch says cpp/20"},
};

// As YAML that kclhost reads back: every dollar sign is doubled, so that none begins a reference. A value may be the
// word null, which is none without quotes.
std::string yaml_scalar(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  const bool is_word = text.find_first_not_of(plain) == std::string_view::npos && !text.starts_with('-');
  if (is_word && config::core_type(text) != config::ScalarType::null) return std::string(text);
  std::string dollars;
  for (const char c : text) dollars.append(c == '$' ? 2 : 1, c);
  std::string quoted;
  append_json_string(quoted, dollars);
  return quoted;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

class Importer {
 public:
  void add(const Property& property) {
    std::string name = config::canonical_property(property.key);
    for (const Renamed& one : renamed) {
      if (name != one.old) continue;
      remark(property, "is " + std::string(one.now) + " now");
      name = one.now;
    }
    for (const Replaced& one : replaced)
      if (name == one.name) return remark(property, "is left out: " + std::string(one.why));
    const auto type = config::property_type(name);
    if (!type) return leave_out_unknown(property, name);
    const std::string value(*type == PropertyType::string ? property.value : trimmed(property.value));
    if (value.empty()) return leave_out(property, name, "it has no value");
    if (value != trimmed(value)) remark(property, "ends in a blank, which the daemon takes for a part of the value");
    if (const std::string complaint = config::check_property(*type, value); !complaint.empty())
      return leave_out(property, name, "it " + complaint + "; the daemon refuses it, or reads something else");
    if (const std::string objection = config::objection_to_characters(value); !objection.empty())
      return leave_out(property, name, "it " + objection);
    if (name.starts_with("awsCredentialsProvider") && is_of_first_sdk(value))
      remark(property, "names a class of the AWS SDK for Java 1, " + value +
                           ", which this daemon may not have; DefaultCredentialsProvider looks in the usual places");
    if (!kept_.insert_or_assign(name, value).second)
      remark(property, "comes twice; this one counts, as it does for Java");
  }

  Imported finish(const std::string& source, const std::string& plugin) {
    if (!kept_.contains("streamName") && !kept_.contains("streamArn"))
      remarks_.push_back({0, "there is no streamName and no streamArn; kclhost launch needs one"});
    if (!kept_.contains("applicationName"))
      remarks_.push_back({0, "there is no applicationName; kclhost launch needs it, and it names the lease table"});
    std::string yaml = "# From " + one_line(source) +
                       " by kclhost import; docs/configuration.md explains every key.\n"
                       "version: 1\n"
                       "plugin:\n"
                       "  path: " +
                       yaml_scalar(plugin) +
                       "  # your record processor, in plugins_dir\n"
                       "daemon:\n"
                       "  jars: jars  # kclhost fetch-daemon fills it\n";
    if (!kept_.empty()) yaml += "  properties:\n";
    for (const auto& [name, value] : kept_) yaml += "    " + yaml_scalar(name) + ": " + yaml_scalar(value) + "\n";
    return {std::move(yaml), std::move(remarks_)};
  }

 private:
  static bool is_of_first_sdk(std::string_view value) {
    return value.find("AWSCredentialsProvider") != std::string_view::npos || value.starts_with("com.amazonaws.");
  }

  // Java takes the last of two, so the one before does not come back in its place.
  void leave_out(const Property& property, const std::string& name, const std::string& why) {
    remark(property, "is left out: " + why);
    if (kept_.erase(name) > 0)
      remark(property, "comes twice; the first is left out too, as it does not count for Java");
  }

  void leave_out_unknown(const Property& property, const std::string& name) {
    const std::string_view near = config::nearest_property(name);
    remark(property, "is left out: the daemon has no such property and ignores it" +
                         (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
  }

  void remark(const Property& property, const std::string& text) {
    remarks_.push_back({property.line, one_line(property.key + " " + text)});
  }

  std::map<std::string, std::string> kept_;
  std::vector<Remark> remarks_;
};

}  // namespace

Imported import_properties(std::span<const Property> properties, const std::string& source, const std::string& plugin) {
  Importer importer;
  for (const Property& property : properties) importer.add(property);
  return importer.finish(source, plugin);
}

}  // namespace kclhost::host::importing
