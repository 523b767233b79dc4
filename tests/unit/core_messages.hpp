// Lines of the daemon, decoded for comparison.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "kclhost/plugin.h"
#include "pieces.hpp"
#include "protocol/batch_decoder.hpp"
#include "replay/daemon_lines.hpp"
#include "support/base64.hpp"

namespace kclhost::host::test {

struct RecordCopy {
  std::string data, partition_key, sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = KCLHOST_NO_TIMESTAMP;

  bool operator==(const RecordCopy&) const = default;
};

struct MessageCopy {
  std::string action, shard_id, reason;
  std::optional<std::string> sequence_number, error;
  std::int64_t sub_sequence_number = 0;
  std::int64_t millis_behind_latest = -1;
  std::vector<RecordCopy> records;

  bool operator==(const MessageCopy&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const RecordCopy& record) {
  return out << '{' << testing::PrintToString(record.data) << ", " << testing::PrintToString(record.partition_key)
             << ", " << record.sequence_number << '/' << record.sub_sequence_number << " @" << record.arrival_ms << '}';
}

inline std::ostream& operator<<(std::ostream& out, const MessageCopy& message) {
  out << message.action << " shard=" << message.shard_id << " at=" << message.sequence_number.value_or("null") << '/'
      << message.sub_sequence_number << " error=" << message.error.value_or("null") << " reason=" << message.reason
      << " behind=" << message.millis_behind_latest;
  for (const RecordCopy& record : message.records) out << ' ' << record;
  return out;
}

inline std::vector<RecordCopy> copy_of(const Batch& batch) {
  std::vector<RecordCopy> records;
  for (std::size_t i = 0; i < batch.count; ++i) {
    records.push_back({std::string(batch.data(i)), std::string(batch.partition_key(i)),
                       std::string(batch.sequence_number(i)), batch.entry(i).sub_sequence_number,
                       batch.entry(i).arrival_ms});
  }
  return records;
}

inline MessageCopy copy_of(const protocol::Message& message) {
  MessageCopy copy{
      std::string(message.action_text), std::string(message.shard_id),      std::string(message.reason), {}, {},
      message.sub_sequence_number,      message.batch.millis_behind_latest, copy_of(message.batch)};
  if (message.sequence_number) copy.sequence_number = *message.sequence_number;
  if (message.error) copy.error = *message.error;
  return copy;
}

// What a line means, by a document parser that shares nothing with the decoder under test.
inline MessageCopy expected_of(const rapidjson::Value& message) {
  const auto text = [](const rapidjson::Value& object, const char* key) -> std::optional<std::string> {
    const auto at = object.FindMember(key);
    if (at == object.MemberEnd() || at->value.IsNull()) return std::nullopt;
    return std::string(at->value.GetString(), at->value.GetStringLength());
  };
  const auto number = [](const rapidjson::Value& object, const char* key, std::int64_t absent) {
    const auto at = object.FindMember(key);
    return at == object.MemberEnd() || at->value.IsNull() ? absent : at->value.GetInt64();
  };
  MessageCopy copy;
  copy.action = text(message, "action").value_or("");
  copy.shard_id = text(message, "shardId").value_or("");
  copy.reason = text(message, "reason").value_or("");
  copy.sequence_number = text(message, "sequenceNumber");
  copy.error = text(message, "error");
  copy.sub_sequence_number = number(message, "subSequenceNumber", 0);
  copy.millis_behind_latest = number(message, "millisBehindLatest", -1);
  if (!message.HasMember("records")) return copy;
  for (const rapidjson::Value& record : message["records"].GetArray()) {
    const std::string base64 = text(record, "data").value_or("");
    std::string data(base64.size(), '\0');
    data.resize(base64::decode(base64, data.data()).value());
    copy.records.push_back({data, text(record, "partitionKey").value_or(""),
                            text(record, "sequenceNumber").value_or(""), number(record, "subSequenceNumber", 0),
                            number(record, "approximateArrivalTimestamp", KCLHOST_NO_TIMESTAMP)});
  }
  return copy;
}

inline MessageCopy parsed(const std::string& line) {
  rapidjson::Document document;
  document.Parse(line.data(), line.size());
  return expected_of(document);
}

// A line of so many records, their data so many characters of base64.
inline std::string batch(int records, std::size_t base64_size) {
  std::string line;
  replay::begin_batch(line);
  for (int i = 0; i < records; ++i) {
    std::string data(base64_size, 'Q');
    if (base64_size != 0) data[static_cast<std::size_t>(i) % base64_size] = 'Z';
    replay::append_record({data, "key-" + std::to_string(i), std::to_string(1'000'000 + i), i % 3, 1'700'000'000'000},
                          i == 0, line);
  }
  replay::end_batch(17, line);
  line.pop_back();  // the newline
  return line;
}

// Decodes lines as the host does.
class Decoder {
 public:
  Result<protocol::Message> operator()(std::string_view line) { return decode_at_once(decoder_, line); }
  // The error's text, "" when there is none.
  std::string error(std::string_view line) {
    const Result<protocol::Message> message = (*this)(line);
    return message ? std::string() : message.error();
  }

  void release() { decoder_.release(); }

  SharedBuffer buffer;

 private:
  protocol::BatchDecoder decoder_{buffer};
};

// The lines that the daemon sent in a conversation recorded with it.
inline std::vector<std::string> daemon_lines(const std::string& transcript) {
  std::ifstream in(KCLHOST_TEST_DATA "/transcripts/" + transcript, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) lines.push_back(line.substr(2));
  }
  return lines;
}

inline std::vector<std::string> all_daemon_lines() {
  std::vector<std::string> lines;
  for (const char* transcript : {"shard-1.txt", "shard-2.txt", "shard-3.txt"}) {
    for (std::string& line : daemon_lines(transcript)) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace kclhost::host::test
