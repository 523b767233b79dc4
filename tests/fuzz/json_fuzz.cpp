// The way in that all JSON from outside takes.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "require.hpp"
#include "support/json.hpp"

namespace {

std::string written(const rapidjson::Document& document) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const std::string_view text = fuzz::text_of(data, size);
  rapidjson::Document copied, in_place, again, first;
  const auto fault = json::parse(text, copied, json::Utf8::checked);
  if (fault) fuzz::require_one_line(fault->str());
  std::string memory(text);
  const auto other = json::parse_in_place({memory.data(), memory.size()}, in_place);
  fuzz::require(fault.has_value() == other.has_value());
  if (fault) fuzz::require(fault->str() == other->str());
  (void)json::parse(text, first, json::Utf8::unchecked);
  (void)json::parse_first(text, first);
  if (fault) return 0;
  const std::string plain = written(copied);
  fuzz::require(plain == written(in_place));
  fuzz::require(!json::parse(plain, again) && written(again) == plain);
  return 0;
}
