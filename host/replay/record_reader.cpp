#include "replay/record_reader.hpp"

#include <chrono>

#include "support/base64.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::replay {
namespace {

constexpr int default_partition_keys = 16;

}  // namespace

RecordReader::RecordReader(BatchBuilder& builder) : builder_(builder), now_(wall_clock_ms()) {}

std::optional<std::string> RecordReader::add_text(std::string_view line) {
  records::JsonRecord fields;
  fields.text = line;
  return add(fields);
}

std::optional<std::string> RecordReader::add_json(std::span<char> line) {
  records::JsonRecord fields;
  if (auto problem = json_.read(line, fields)) return problem;
  return add(fields);
}

std::optional<std::string> RecordReader::add(const records::JsonRecord& fields) {
  Record record;
  std::size_t data_bytes = 0;
  if (fields.text) {
    base64_.clear();
    base64::encode(*fields.text, base64_);
    record.base64 = base64_;
    data_bytes = fields.text->size();
  } else if (fields.base64) {
    record.base64 = fields.base64;
    data_bytes = base64::decoded_size(*fields.base64);
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
