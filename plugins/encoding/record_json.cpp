#include "record_json.hpp"

#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace encoding {

namespace {

bool is_utf8(std::string_view bytes) {
  rapidjson::MemoryStream stream(bytes.data(), bytes.size());
  unsigned character = 0;
  while (stream.Tell() < bytes.size()) {
    if (!rapidjson::UTF8<>::Decode(stream, &character)) return false;
  }
  return stream.Tell() == bytes.size();
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u; };
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += digits[three >> 18];
    text += digits[three >> 12 & 63];
    text += i + 1 < bytes.size() ? digits[three >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? digits[three & 63] : '=';
  }
  return text;
}

}  // namespace

std::string json_of(const kclhost::Record& record, bool as_text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto member = [&](const char* name, std::string_view text) {
    writer.Key(name);
    writer.String(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  member("sequenceNumber", record.sequence_number());
  writer.Key("subSequenceNumber");
  writer.Int64(record.sub_sequence_number());
  member("partitionKey", record.partition_key());
  writer.Key("approximateArrivalTimestamp");
  if (const auto arrival = record.approximate_arrival_time()) {
    writer.Int64(std::chrono::duration_cast<std::chrono::milliseconds>(arrival->time_since_epoch()).count());
  } else {
    writer.Null();
  }
  if (as_text && is_utf8(record.data())) {
    member("text", record.data());
  } else {
    member("data", base64(record.data()));
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace encoding
