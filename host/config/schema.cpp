// The JSON Schema (draft 7, the one editors know) of the configuration, from the table of keys.
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "config/config.hpp"
#include "config/daemon_properties.hpp"
#include "config/keys.hpp"
#include "config/streams.hpp"

namespace kclhost::host::config {
namespace {

constexpr std::string_view duration_pattern = "^[0-9]+(ms|s|m|h|d)$";
constexpr std::string_view size_pattern = "^[0-9]+(B|kB|KB|KiB|MB|MiB|GB|GiB)$";

class SchemaWriter {
 public:
  std::string write() {
    json_.SetIndent(' ', 2);
    json_.StartObject();
    field("$schema", "http://json-schema.org/draft-07/schema#");
    field("title", "kclhost configuration");
    write_map("");
    write_needed();
    json_.EndObject();
    return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n";
  }

 private:
  void name(std::string_view text) { json_.Key(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
  void string(std::string_view text) { json_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }

  void field(std::string_view key, std::string_view text) {
    name(key);
    string(text);
  }

  void names(std::string_view key, std::span<const std::string_view> values) {
    name(key);
    json_.StartArray();
    for (const std::string_view value : values) string(value);
    json_.EndArray();
  }

  // The members of an object schema for the keys of a section.
  void write_map(std::string_view section, bool nullable = false) {
    if (nullable)
      names("type", std::array<std::string_view, 2>{"object", "null"});
    else
      field("type", "object");
    name("additionalProperties");
    json_.Bool(false);
    std::vector<std::string_view> required;
    for (const Key& key : keys())
      if (key.section() == section && !key.missing.empty() && !is_a_streams_too(key)) required.push_back(key.leaf());
    if (!required.empty()) names("required", required);
    name("properties");
    json_.StartObject();
    for (const Key& key : keys()) {
      if (key.section() != section) continue;
      name(key.leaf());
      write_key(key);
    }
    json_.EndObject();
  }

  // What a file needs, but not where each of its streams has it.
  static bool is_a_streams_too(const Key& key) {
    return key.name == "plugin" || key.section() == "plugin." || key.section() == "shadow.";
  }

  void write_needed() {
    name("anyOf");
    json_.StartArray();
    json_.StartObject();
    names("required", std::array<std::string_view, 1>{"plugin"});
    name("properties");
    json_.StartObject();
    for (const std::string_view section : {"plugin", "shadow"}) {
      name(section);
      json_.StartObject();
      names("required", std::array<std::string_view, 1>{"path"});
      json_.EndObject();
    }
    json_.EndObject();
    json_.EndObject();
    json_.StartObject();
    names("required", std::array<std::string_view, 1>{"streams"});
    json_.EndObject();
    json_.EndArray();
  }

  void write_key(const Key& key) {
    json_.StartObject();
    std::string description(key.description);
    if (const std::string standard = default_text(key); !standard.empty()) description += " Default: " + standard + ".";
    field("description", description);
    std::visit([&](const auto& target) { write_type(key, target); }, key.target);
    json_.EndObject();
  }

  void write_type(const Key& key, Section) { write_map(std::string(key.name) + ".", key.missing.empty()); }

  void write_type(const Key&, Version) {
    name("enum");
    json_.StartArray();
    json_.Int(1);
    json_.EndArray();
  }

  void write_type(const Key&, const AnyYaml&) {}

  void write_type(const Key&, Streams) {
    field("type", "object");
    name("minProperties");
    json_.Int(1);
    name("propertyNames");
    json_.StartObject();
    field("pattern", "^[a-z0-9][a-z0-9-]*$");
    name("maxLength");
    json_.Int(63);
    json_.EndObject();
    name("additionalProperties");
    json_.StartObject();
    field("type", "object");
    name("additionalProperties");
    json_.Bool(false);
    name("properties");
    json_.StartObject();
    for (const Key& key : keys()) {
      if (!key.section().empty() || is_shared(key.name)) continue;
      name(key.leaf());
      json_.StartObject();
      field("$ref", "#/properties/" + std::string(key.name));
      json_.EndObject();
    }
    json_.EndObject();
    json_.EndObject();
  }

  void write_type(const Key& key, const Choice& choice) {
    alternatives(key, [&] { names("enum", choice.names); });
  }
  void write_type(const Key& key, const Directory&) { write_string(key, "^.+$"); }
  void write_type(const Key& key, Field<bool>) {
    alternatives(key, [&] { field("type", "boolean"); });
  }
  void write_type(const Key& key, const Count&) { write_integer(key); }
  void write_type(const Key&, const Steps&) {
    field("type", "array");
    name("minItems");
    json_.Int(1);
    name("items");
    json_.StartObject();
    name("anyOf");
    json_.StartArray();
    json_.StartObject();
    field("type", "integer");
    name("minimum");
    json_.Int(1);
    json_.EndObject();
    json_.StartObject();
    field("type", "string");
    field("pattern", "^([0-9]+|[0-9]+%|.*[$][{].*)$");
    json_.EndObject();
    json_.EndArray();
    json_.EndObject();
  }
  void write_type(const Key& key, const Ratio&) { write_string(key, "^[0-9.]+x$"); }
  void write_type(const Key& key, Field<int>) { write_integer(key); }
  void write_integer(const Key& key) {
    alternatives(key, [&] {
      field("type", "integer");
      name("minimum");
      json_.Int64(key.least);
      if (key.most != Key{}.most) {
        name("maximum");
        json_.Int64(key.most);
      }
    });
  }
  void write_type(const Key& key, Field<Milliseconds>) { write_string(key, duration_pattern); }
  void write_type(const Key& key, Field<std::optional<Milliseconds>>) { write_string(key, duration_pattern); }
  void write_type(const Key& key, Field<std::uint64_t>) { write_string(key, size_pattern); }
  void write_type(const Key& key, Field<std::optional<std::uint64_t>>) { write_string(key, size_pattern); }
  void write_type(const Key& key, Field<std::string>) { write_string(key, "^.+$"); }
  void write_type(const Key& key, Field<std::optional<std::string>>) {
    write_string(key, "^" + std::string(key.pattern) + "$");
  }
  void write_type(const Key&, Field<std::vector<std::string>>) {
    field("type", "array");
    name("items");
    json_.StartObject();
    field("type", "string");
    json_.EndObject();
  }

  void write_type(const Key&, Properties) {
    names("type", std::array<std::string_view, 2>{"object", "null"});
    name("additionalProperties");
    json_.Bool(false);
    write_properties("");
  }

  void write_string(const Key& key, std::string_view pattern) {
    alternatives(key, [&] {
      field("type", "string");
      field("pattern", pattern);
    });
  }

  // What it is, or text with a variable in it, or null and "" where they mean the default.
  template <typename Body>
  void alternatives(const Key& key, Body body) {
    name("anyOf");
    json_.StartArray();
    json_.StartObject();
    body();
    json_.EndObject();
    json_.StartObject();
    field("type", "string");
    field("pattern", "[$][{]");
    json_.EndObject();
    if (key.nullable) {
      json_.StartObject();
      name("enum");
      json_.StartArray();
      json_.Null();
      string("");
      json_.EndArray();
      json_.EndObject();
    }
    json_.EndArray();
  }

  void write_properties(std::string_view group) {
    name("properties");
    json_.StartObject();
    for (const DaemonProperty& property : daemon_properties()) {
      if (!property.name.starts_with(group)) continue;
      name(property.name.substr(group.size()));
      write_property(property.type);
    }
    if (group.empty()) {
      name("fanoutConfig");
      json_.StartObject();
      names("type", std::array<std::string_view, 2>{"object", "null"});
      name("additionalProperties");
      json_.Bool(false);
      write_properties("fanoutConfig.");
      json_.EndObject();
      for (const std::string_view builder : property_builders()) {
        name(builder);
        json_.StartObject();
        names("type", std::array<std::string_view, 2>{"object", "null"});
        json_.EndObject();
      }
    }
    json_.EndObject();
    if (!group.empty()) return;
    name("patternProperties");
    json_.StartObject();
    std::string pattern;
    for (const std::string_view builder : property_builders()) (pattern += pattern.empty() ? "" : "|") += builder;
    name("^(" + pattern + ")([^A-Za-z].*)$");
    write_property(PropertyType::string);
    name("^[Aa][Ww][Ss][Cc]redentials[Pp]rovider(CloudWatch|DynamoDB)?$");
    write_property(PropertyType::string);
    json_.EndObject();
  }

  // Editors see YAML's type, the daemon text: 10000 and "10000" are the same to it.
  void write_property(PropertyType type) {
    json_.StartObject();
    const auto choices = property_choices(type);
    switch (type) {
      case PropertyType::boolean:
        names("type", std::array<std::string_view, 3>{"boolean", "string", "null"});
        break;
      case PropertyType::int32:
      case PropertyType::int64:
      case PropertyType::timestamp:
        names("type", std::array<std::string_view, 3>{"integer", "string", "null"});
        name("minimum");
        json_.Int(0);
        break;
      case PropertyType::signed32:
      case PropertyType::signed64:
        names("type", std::array<std::string_view, 3>{"integer", "string", "null"});
        break;
      case PropertyType::floating:
        names("type", std::array<std::string_view, 3>{"number", "string", "null"});
        break;
      case PropertyType::strings:
      case PropertyType::tags:
        names("type", std::array<std::string_view, 3>{"array", "string", "null"});
        break;
      case PropertyType::object:
        names("enum", std::array<std::string_view, 1>{""});
        break;
      default:
        names("type", std::array<std::string_view, 4>{"string", "number", "boolean", "null"});
        if (!choices.empty()) names("examples", choices);
    }
    json_.EndObject();
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json_{buffer_};
};

}  // namespace

std::string json_schema() {
  return SchemaWriter().write();
}

}  // namespace kclhost::host::config
