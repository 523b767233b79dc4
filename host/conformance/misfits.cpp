#include "conformance/misfits.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "plugin/config_schema.hpp"
#include "support/json.hpp"

namespace kclhost::host::conformance {
namespace {

std::string text_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

bool fits(const Subject& subject, const std::string& config_json) {
  if (subject.about.config_schema.empty()) return true;
  const auto misfits = plugin::find_misfits(subject.about.config_schema, config_json);
  return misfits && misfits->empty();
}

// A part of the schema that speaks of a value, and what that value is called.
void look_at_defaults(const rapidjson::Value& schema, const std::string& name, std::vector<std::string>& refused) {
  if (!schema.IsObject()) return;
  const auto given = schema.FindMember("default");
  if (given != schema.MemberEnd()) {
    const auto misfits = plugin::find_misfits(text_of(schema), text_of(given->value));
    if (misfits && !misfits->empty()) refused.push_back("'" + name + "': " + misfits->front().message);
  }
  const auto properties = schema.FindMember("properties");
  if (properties == schema.MemberEnd() || !properties->value.IsObject()) return;
  for (const auto& property : properties->value.GetObject()) {
    const std::string key(property.name.GetString(), property.name.GetStringLength());
    look_at_defaults(property.value, name.empty() ? key : name + "." + key, refused);
  }
}

}  // namespace

std::string with_unknown_key(const std::string& config_json) {
  rapidjson::Document config;
  if (json::parse(config_json, config) || !config.IsObject()) return "";
  config.AddMember(rapidjson::StringRef(no_such_key), true, config.GetAllocator());
  return text_of(config);
}

std::vector<std::string> odd_configurations(const Subject& subject) {
  std::vector<std::string> odd;
  if (std::string more = with_unknown_key(subject.config_json); !more.empty() && fits(subject, more)) {
    odd.push_back(std::move(more));
  }
  rapidjson::Document config;
  if (json::parse(subject.config_json, config) || !config.IsObject()) return odd;
  for (auto& member : config.GetObject()) {
    rapidjson::Value before;
    before.Swap(member.value);
    const auto try_as = [&](rapidjson::Value other) {
      member.value.Swap(other);
      if (std::string changed = text_of(config); fits(subject, changed)) odd.push_back(std::move(changed));
    };
    try_as(rapidjson::Value(rapidjson::kArrayType));
    try_as(rapidjson::Value(""));
    try_as(rapidjson::Value(-1));
    member.value.Swap(before);
  }
  return odd;
}

std::vector<std::string> refused_defaults(const std::string& schema_text) {
  rapidjson::Document schema;
  std::vector<std::string> refused;
  if (!json::parse(schema_text, schema)) look_at_defaults(schema, "", refused);
  return refused;
}

}  // namespace kclhost::host::conformance
