#include "replay/record_reader.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <chrono>
#include <cstring>

#include "support/base64.hpp"

namespace kclhost::host::replay {
namespace {

using Json = rapidjson::GenericValue<rapidjson::UTF8<>>;

std::string_view text_of(const Json& value) {
  return {value.GetString(), value.GetStringLength()};
}

constexpr int default_partition_keys = 16;

}  // namespace

// What a line says of its record; views into the line.
struct RecordReader::Fields {
  bool has_data = false;                   // "data" is there
  std::optional<std::string_view> base64;  // its text, unless null
  std::optional<std::string_view> bytes;   // data still to be encoded
  std::optional<std::string_view> partition_key, sequence_number;
  std::optional<std::int64_t> sub_sequence_number;
  std::optional<std::int64_t> timestamp;
  bool null_timestamp = false;

  // Takes a member in; what is wrong with it, if anything.
  std::optional<std::string> set(std::string_view name, const Json& value);
};

std::optional<std::string> RecordReader::Fields::set(std::string_view name, const Json& value) {
  if (name == "data") {
    has_data = true;
    if (value.IsNull()) return std::nullopt;
    if (!value.IsString()) return "data must be a string of base64, or null";
    base64 = text_of(value);
  } else if (name == "text") {
    if (!value.IsString()) return "text must be a string";
    bytes = text_of(value);
  } else if (name == "partitionKey") {
    if (!value.IsString()) return "partitionKey must be a string";
    partition_key = text_of(value);
  } else if (name == "sequenceNumber") {
    if (!value.IsString() || !is_number(text_of(value))) return "sequenceNumber must be decimal digits in a string";
    sequence_number = text_of(value);
  } else if (name == "subSequenceNumber") {
    if (!value.IsInt64() || value.GetInt64() < 0) return "subSequenceNumber must be a whole number from 0 up";
    sub_sequence_number = value.GetInt64();
  } else if (name == "approximateArrivalTimestamp") {
    null_timestamp = value.IsNull();
    if (null_timestamp) return std::nullopt;
    if (!value.IsInt64()) return "approximateArrivalTimestamp must be milliseconds since the epoch, or null";
    timestamp = value.GetInt64();
  } else if (name != "explicitHashKey" && (name != "action" || !value.IsString() || text_of(value) != "record")) {
    // Those two say nothing here: one is for kclhost put, the other stands in records cut out of a captured batch.
    return "unknown member '" + std::string(name) +
           "'; a record has data or text, partitionKey, sequenceNumber, subSequenceNumber, approximateArrivalTimestamp";
  }
  return std::nullopt;
}

RecordReader::RecordReader(BatchBuilder& builder)
    : builder_(builder),
      now_(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
               .count()),
      json_memory_(16 << 10) {}

std::optional<std::string> RecordReader::add_text(std::string_view line) {
  Fields fields;
  fields.bytes = line;
  return add(fields);
}

std::optional<std::string> RecordReader::add_json(std::span<char> line) {
  if (std::memchr(line.data(), '\0', line.size()) != nullptr) return "a NUL byte; write it as \\u0000";
  rapidjson::MemoryPoolAllocator<> pool(json_memory_.data(), json_memory_.size());
  rapidjson::Document document(&pool);
  document.ParseInsitu<rapidjson::kParseValidateEncodingFlag>(line.data());
  if (document.HasParseError()) {
    return "not JSON at byte " + std::to_string(document.GetErrorOffset() + 1) + " (" +
           rapidjson::GetParseError_En(document.GetParseError()) +
           R"(); write a record as {"text": "…"}, or send lines as they are with --format lines)";
  }
  if (!document.IsObject()) return R"(no JSON object; write a record as {"text": "…"} or {"data": "base64"})";
  Fields fields;
  for (const auto& member : document.GetObject()) {
    if (auto problem = fields.set(text_of(member.name), member.value)) return problem;
  }
  if (fields.has_data == fields.bytes.has_value()) {
    return fields.has_data ? "both data and text; keep one" : "neither data (base64) nor text; give one";
  }
  return add(fields);
}

std::optional<std::string> RecordReader::add(const Fields& fields) {
  Record record;
  std::size_t data_bytes = 0;
  if (fields.bytes) {
    base64_.clear();
    base64::encode(*fields.bytes, base64_);
    record.base64 = base64_;
    data_bytes = fields.bytes->size();
  } else if (fields.base64) {
    decoded_.resize(fields.base64->size() / 4 * 3 + 1);
    const auto size = base64::decode(*fields.base64, decoded_.data());
    if (!size) return "data is not base64 (RFC 4648, padded); encode it, or use text";
    record.base64 = fields.base64;
    data_bytes = *size;
  }
  if (fields.partition_key) {
    record.partition_key = *fields.partition_key;
  } else {
    partition_key_ = "key-" + std::to_string(index_ % default_partition_keys);
    record.partition_key = partition_key_;
  }
  if (fields.sequence_number) {
    record.sequence_number = *fields.sequence_number;
    record.sub_sequence_number = fields.sub_sequence_number.value_or(0);
  } else {
    if (fields.sub_sequence_number) return "a subSequenceNumber without a sequenceNumber; add one";
    sequence_number_.clear();
    append_made_up_sequence_number(index_, sequence_number_);
    record.sequence_number = sequence_number_;
  }
  record.timestamp = fields.timestamp;
  if (!record.timestamp && !fields.null_timestamp) record.timestamp = now_;
  if (!builder_.add(record, data_bytes)) {
    return "sequenceNumber is not after the record's before; give all records rising ones, or none";
  }
  ++index_;
  return std::nullopt;
}

}  // namespace kclhost::host::replay
