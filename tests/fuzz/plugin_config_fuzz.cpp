// What a plugin reads its configuration with, against RapidJSON.
#include <rapidjson/document.h>
#include <kclhost/config.hpp>

#include <string>

#include "require.hpp"
#include "support/json.hpp"

namespace {

using kclhost::Config;
using kclhost::host::fuzz::require;

void compare(const rapidjson::Value& value, const Config& config) {
  if (value.IsNull()) return require(!config.exists());
  require(config.exists());
  if (value.IsBool()) return require(config.as<bool>() == value.GetBool());
  if (value.IsString()) {
    // RapidJSON keeps halves of surrogate pairs, or refuses them.
    const std::string text = config.as<std::string>();
    if (text.find("\xEF\xBF\xBD") != std::string::npos) return;
    return require(text == std::string_view(value.GetString(), value.GetStringLength()));
  }
  if (value.IsInt64()) return require(config.as<std::int64_t>() == value.GetInt64());
  if (value.IsArray()) {
    const auto items = config.items();
    require(items.size() == value.Size());
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) compare(value[i], items[i]);
  }
  if (value.IsObject()) {
    const auto members = config.members();
    require(members.size() == value.MemberCount());
    for (rapidjson::SizeType i = 0; i < value.MemberCount(); ++i) {
      compare((value.MemberBegin() + static_cast<std::ptrdiff_t>(i))->value, members[i].second);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const std::string text(fuzz::text_of(data, size));
  rapidjson::Document document;
  // What the host takes is what a plugin can be given.
  const bool is_given = !json::parse(text, document, json::Utf8::checked);
  try {
    const Config config(text);
    if (is_given) compare(document, config);
  } catch (const std::invalid_argument&) {
    require(!is_given);
  }
  return 0;
}
