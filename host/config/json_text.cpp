#include "config/json_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "config/core_schema.hpp"

namespace kclhost::host::config {
namespace {

class Converter {
 public:
  Converter(const std::string& source, const Report& report) : source_(source), report_(report) {}

  void write(const Value& value) {
    const Node& node = *value.node;
    switch (node.kind) {
      case NodeKind::null:
        writer_.Null();
        return;
      case NodeKind::scalar:
        write_scalar(value);
        return;
      case NodeKind::sequence:
        check_collection_tag(value, "seq");
        writer_.StartArray();
        for (const Value& item : node.items) write(item);
        writer_.EndArray();
        return;
      case NodeKind::map:
        check_collection_tag(value, "map");
        writer_.StartObject();
        for (const Member& member : node.members) {
          write_key(member.key.node->text);
          write(member.value);
        }
        writer_.EndObject();
        return;
    }
  }

  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  using Size = rapidjson::SizeType;

  void write_key(const std::string& key) { writer_.Key(key.data(), static_cast<Size>(key.size())); }
  void write_string(const std::string& text) { writer_.String(text.data(), static_cast<Size>(text.size())); }

  void write_number(const std::string& digits) {
    writer_.RawValue(digits.data(), digits.size(), rapidjson::kNumberType);
  }

  void write_scalar(const Value& value) {
    const Node& node = *value.node;
    const std::string text = expand(node, source_, report_);
    if (node.tag == "!") return write_string(text);
    if (node.tag == "?") {
      // A reference makes it a string, whatever the variable holds: types must not depend on the environment.
      if (node.text.find('$') != std::string::npos) return write_string(text);
      return write_typed(value, text, core_type(text));
    }
    if (!node.tag.starts_with(yaml_tag_prefix)) return refuse_tag(value);
    const std::string_view tag = std::string_view(node.tag).substr(yaml_tag_prefix.size());
    const ScalarType type = core_type(text);
    const auto must_be = [&](bool ok, ScalarType as) {
      if (ok) return write_typed(value, text, as);
      refuse(value, "!!" + std::string(tag) + " does not fit '" + text + "'");
    };
    if (tag == "str") return write_string(text);
    if (tag == "int") return must_be(type == ScalarType::integer, type);
    if (tag == "float")
      return must_be(type == ScalarType::floating || type == ScalarType::integer || type == ScalarType::not_finite,
                     type);
    if (tag == "bool") return must_be(type == ScalarType::boolean, type);
    if (tag == "null") return must_be(type == ScalarType::null, type);
    refuse_tag(value);
  }

  void write_typed(const Value& value, const std::string& text, ScalarType type) {
    switch (type) {
      case ScalarType::null:
        writer_.Null();
        return;
      case ScalarType::boolean:
        writer_.Bool(*core_boolean(text));
        return;
      case ScalarType::string:
        write_string(text);
        return;
      case ScalarType::not_finite:
        return refuse(value, "JSON has no " + text + "; quote it to pass it as a string");
      case ScalarType::integer:
      case ScalarType::floating:
        break;
    }
    if (const auto number = json_number(text)) return write_number(*number);
    refuse(value, text + " has more than 64 bits; write it in decimal");
  }

  void check_collection_tag(const Value& value, std::string_view expected) {
    const std::string& tag = value.node->tag;
    if (tag != "?" && tag != "!" && tag != std::string(yaml_tag_prefix) + std::string(expected))
      report_(value.position, unknown_tag(tag));
  }

  void refuse_tag(const Value& value) { refuse(value, unknown_tag(value.node->tag)); }

  void refuse(const Value& value, std::string message) {
    report_(value.position, std::move(message));
    writer_.Null();
  }

  static std::string unknown_tag(const std::string& tag) {
    const bool standard = tag.starts_with(yaml_tag_prefix);
    return "the tag " + (standard ? "!!" + tag.substr(yaml_tag_prefix.size()) : tag) +
           " does not fit here; !!str, !!int, !!float, !!bool, !!null, !!seq and !!map are known";
  }

  const std::string& source_;
  const Report& report_;
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace

std::string to_json(const Value& value, const std::string& source, const Report& report) {
  Converter converter(source, report);
  converter.write(value);
  return converter.text();
}

}  // namespace kclhost::host::config
