#include "payload.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "encoding/record_json.hpp"

namespace http_forwarder {

namespace {

// Writes numbers as they stand in the text.
struct Writer : rapidjson::Writer<rapidjson::StringBuffer> {
  using rapidjson::Writer<rapidjson::StringBuffer>::Writer;
  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    return RawValue(digits, size, rapidjson::kNumberType);
  }
};

// The same value on one line. Without recursion, which a record could make as deep as it likes; and without RapidJSON's
// conversion of numbers, which reads outside of its tables for some (docs/security.md).
std::optional<std::string> on_one_line(std::string_view json) {
  if (json.find('\0') != std::string_view::npos) return std::nullopt;  // which it takes for the end
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::MemoryStream stream(json.data(), json.size());
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  rapidjson::Reader reader;
  if (reader.Parse<flags>(stream, writer).IsError()) return std::nullopt;
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace

std::optional<std::string> part_of(const kclhost::Record& record, Format format, Content content) {
  if (format == Format::raw) return std::string(record.data());
  return content == Content::data ? on_one_line(record.data()) : encoding::json_of(record, true);
}

void Body::add(std::string_view part) {
  if (format_ == Format::json_array) text_ += text_.empty() ? '[' : ',';
  text_ += part;
  if (format_ == Format::json_lines) text_ += '\n';
}

std::string Body::take() {
  if (format_ == Format::json_array) text_ += ']';
  return std::move(text_);
}

}  // namespace http_forwarder
