#include "records/json_record.hpp"

#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>

#include <algorithm>

#include "support/base64.hpp"
#include "support/excerpt.hpp"
#include "support/json.hpp"

namespace kclhost::host::records {
namespace {

using Json = rapidjson::Value;

std::string_view text_of(const Json& value) {
  return {value.GetString(), value.GetStringLength()};
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Takes a member in; what is wrong with it, if anything.
std::optional<std::string> take(std::string_view name, const Json& value, JsonRecord& record) {
  if (name == "data") {
    record.null_data = value.IsNull();
    if (record.null_data) return std::nullopt;
    if (!value.IsString()) return "data must be a string of base64, or null";
    record.base64 = text_of(value);
  } else if (name == "text") {
    if (!value.IsString()) return "text must be a string";
    record.text = text_of(value);
  } else if (name == "partitionKey") {
    if (value.IsNull()) return std::nullopt;
    if (!value.IsString()) return "partitionKey must be a string";
    if (!is_partition_key(text_of(value))) return "partitionKey must be 1 to 256 characters; correct it";
    record.partition_key = text_of(value);
  } else if (name == "explicitHashKey") {
    if (value.IsNull()) return std::nullopt;
    if (!value.IsString() || !is_hash_key(text_of(value))) {
      return "explicitHashKey must be a decimal number from 0 to 2^128 - 1, in a string";
    }
    record.explicit_hash_key = text_of(value);
  } else if (name == "sequenceNumber") {
    if (!value.IsString() || !is_digits(text_of(value))) return "sequenceNumber must be decimal digits in a string";
    record.sequence_number = text_of(value);
  } else if (name == "subSequenceNumber") {
    if (!value.IsInt64() || value.GetInt64() < 0) return "subSequenceNumber must be a whole number from 0 up";
    record.sub_sequence_number = value.GetInt64();
  } else if (name == "approximateArrivalTimestamp") {
    record.null_timestamp = value.IsNull();
    if (record.null_timestamp) return std::nullopt;
    if (!value.IsInt64()) return "approximateArrivalTimestamp must be milliseconds since the epoch, or null";
    record.timestamp = value.GetInt64();
  } else if (name != "action" || !value.IsString() || text_of(value) != "record") {
    // Records cut out of a captured batch have "action": "record", which says nothing here.
    return "unknown member '" + excerpt(name) +
           "'; a record has data or text, partitionKey, explicitHashKey, sequenceNumber, subSequenceNumber, "
           "approximateArrivalTimestamp";
  }
  return std::nullopt;
}

}  // namespace

JsonRecordReader::JsonRecordReader() : memory_(16 << 10) {}

std::optional<std::string> JsonRecordReader::read(std::span<char> line, JsonRecord& record) {
  rapidjson::MemoryPoolAllocator<> pool(memory_.data(), memory_.size());
  rapidjson::Document document(&pool);
  if (const auto fault = json::parse_in_place(line, document)) {
    return "not JSON at byte " + std::to_string(fault->byte) + " (" + fault->what +
           R"(); write a record as {"text": "…"}, or send lines as they are with --format lines)";
  }
  if (!document.IsObject()) return R"(no JSON object; write a record as {"text": "…"} or {"data": "base64"})";
  record = {};
  bool named_data = false;
  for (const auto& member : document.GetObject()) {
    if (auto problem = take(text_of(member.name), member.value, record)) return problem;
    named_data |= text_of(member.name) == "data";
  }
  if (named_data == record.text.has_value()) {
    return named_data ? "both data and text; keep one" : "neither data (base64) nor text; give one";
  }
  if (record.sub_sequence_number && !record.sequence_number) {
    return "a subSequenceNumber without a sequenceNumber; add one";
  }
  if (record.base64) {
    decoded_.resize(record.base64->size() / 4 * 3 + 1);
    if (!base64::decode(*record.base64, decoded_.data())) {
      return "data is not base64 (RFC 4648, padded); encode it, or use text";
    }
  }
  return std::nullopt;
}

bool is_partition_key(std::string_view text) {
  constexpr std::size_t longest = 256;
  rapidjson::MemoryStream stream(text.data(), text.size());
  std::size_t characters = 0;
  for (; stream.Tell() < text.size(); ++characters) {
    unsigned codepoint = 0;
    if (characters == longest || !rapidjson::UTF8<>::Decode(stream, &codepoint)) return false;
  }
  return characters != 0;
}

bool is_hash_key(std::string_view text) {
  constexpr std::string_view largest = "340282366920938463463374607431768211455";
  if (!is_digits(text)) return false;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return text.size() < largest.size() || (text.size() == largest.size() && text <= largest);
}

}  // namespace kclhost::host::records
