#include "conformance/records.hpp"

#include <rapidjson/document.h>

#include <cstring>
#include <utility>

#include "kclhost/plugin.h"
#include "support/base64.hpp"
#include "support/json.hpp"

namespace kclhost::host::conformance {
namespace {

constexpr std::int64_t first_arrival_ms = 1'700'000'000'000;
constexpr std::size_t largest_data = std::size_t{10} << 20;

std::string_view text_in(const rapidjson::Value& object, const char* key) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

// A record of a processRecords message.
Record record_of(const rapidjson::Value& object) {
  Record record;
  const std::string_view base64 = text_in(object, "data");
  record.data.resize(base64.size());
  record.data.resize(base64::decode(base64, record.data.data()).value_or(0));
  record.partition_key = text_in(object, "partitionKey");
  const auto arrival = object.FindMember("approximateArrivalTimestamp");
  const bool arrived = arrival != object.MemberEnd() && arrival->value.IsInt64();
  record.arrival_ms = arrived ? arrival->value.GetInt64() : KCLHOST_NO_TIMESTAMP;
  return record;
}

}  // namespace

std::string RecordMaker::letters(std::size_t count) {
  std::string text(count, ' ');
  for (char& letter : text) letter = static_cast<char>('a' + random_() % 26);
  return text;
}

// As long as Kinesis has them: 56 digits, which no number type holds.
Record RecordMaker::next(std::string data) {
  Record record;
  const std::string digits = std::to_string(++sequence_);
  record.sequence_number = "4959033827149025660855969253836157109592" + std::string(16 - digits.size(), '0') + digits;
  record.data = std::move(data);
  record.partition_key = "key-" + std::to_string(random_() % 40);
  record.arrival_ms = first_arrival_ms + static_cast<std::int64_t>(sequence_);
  return record;
}

Records RecordMaker::usual(std::size_t count) {
  Records records;
  while (records.size() < count) {
    records.push_back(next(R"({"id": )" + std::to_string(sequence_ + 1) + R"(, "word": ")" +
                           letters(1 + random_() % 12) + R"(", "value": )" + std::to_string(random_() % 1000) + "}"));
  }
  return records;
}

Records RecordMaker::odd() {
  Records records = usual(1);
  const auto add = [&](const char* what, std::string data) -> Record& {
    records.push_back(next(std::move(data)));
    records.back().what = what;
    return records.back();
  };
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  add("a record without data", "");
  add("a record of one NUL", std::string(1, '\0'));
  add("a record of all bytes that there are", bytes);
  add("a record that ends within a UTF-8 character", "gr\xc3");
  add("a record of blanks and line ends", " \r\n\t\n ");
  add("a record of one long line", letters(100'000));
  add("a record of deep JSON", std::string(2'000, '[') + std::string(2'000, ']'));
  add("a record of 10 MiB", letters(largest_data));
  add("a record without a timestamp", "{}").arrival_ms = KCLHOST_NO_TIMESTAMP;
  add("a record from before 1970", "{}").arrival_ms = -1;
  add("an empty partition key", "{}").partition_key.clear();
  add("a partition key of other letters than ASCII", "{}").partition_key = "Schl\u00fcssel \u9470 \U0001f511";
  std::string widest;
  for (int i = 0; i < 256; ++i) widest += "\U0001f511";
  add("a partition key of 256 characters", "{}").partition_key = widest;
  add("a partition key of control characters", "{}").partition_key = "a\nb\"\\\x01";
  // One Kinesis record of the KPL, taken apart.
  for (int sub = 0; sub < 3; ++sub) {
    Record& part = add("a record with a sub-sequence number", R"({"part": )" + std::to_string(sub) + "}");
    part.sub_sequence_number = sub;
    if (sub != 0) part.sequence_number = records[records.size() - 2].sequence_number;
  }
  const Records last = usual(1);
  records.insert(records.end(), last.begin(), last.end());
  return records;
}

Records RecordMaker::huge() {
  constexpr std::size_t count = 10'000;
  Records records;
  records.reserve(count);
  const std::string filling = letters(largest_data / count - 40);
  while (records.size() < count) {
    records.push_back(next(R"({"id": )" + std::to_string(sequence_ + 1) + R"(, "word": ")" + filling + "\"}"));
  }
  return records;
}

Records RecordMaker::anew(const Records& records) {
  Records made;
  for (const Record& record : records) {
    made.push_back(next(record.data));
    made.back().what = record.what;
    made.back().partition_key = record.partition_key;
    made.back().arrival_ms = record.arrival_ms;
  }
  return made;
}

Result<Records> read_records(const std::string& file, replay::Format format) {
  replay::InputOptions options;
  options.files = {file};
  options.format = format;
  const auto script = replay::read_inputs(options);
  if (!script) return Error{script.error()};
  Records records;
  for (const replay::Batch& batch : script->batches) {
    rapidjson::Document message;
    if (const auto fault = json::parse(batch.line, message)) return Error{file + ": " + fault->str()};
    const auto found = message.FindMember("records");
    if (found == message.MemberEnd() || !found->value.IsArray()) continue;
    for (const rapidjson::Value& one : found->value.GetArray()) {
      if (!one.IsObject()) continue;
      records.push_back(record_of(one));
      records.back().what = "record " + std::to_string(records.size()) + " of " + file;
    }
  }
  return records;
}

std::optional<Batch> lay_out(std::span<const Record> records, SharedBuffer& buffer) {
  std::size_t texts = 0;
  for (const Record& one : records) texts += one.data.size() + one.partition_key.size() + one.sequence_number.size();
  const std::size_t table = (texts + 7) & ~std::size_t{7};
  if (!buffer.reserve(table + (records.size() + 1) * sizeof(RecordEntry))) return std::nullopt;
  std::uint32_t at = 0;
  const auto put = [&](const std::string& text, std::uint32_t& offset, std::uint32_t& size) {
    std::memcpy(buffer.data() + at, text.data(), text.size());
    size = static_cast<std::uint32_t>(text.size());
    offset = std::exchange(at, at + size);
  };
  auto* const entries = reinterpret_cast<RecordEntry*>(buffer.data() + table);
  for (std::size_t i = 0; i < records.size(); ++i) {
    RecordEntry entry{};
    put(records[i].data, entry.data, entry.data_size);
    put(records[i].partition_key, entry.partition_key, entry.partition_key_size);
    put(records[i].sequence_number, entry.sequence_number, entry.sequence_number_size);
    entry.sub_sequence_number = records[i].sub_sequence_number;
    entry.arrival_ms = records[i].arrival_ms;
    entries[i] = entry;
  }
  return Batch{buffer.data(), static_cast<std::uint32_t>(table), static_cast<std::uint32_t>(records.size()), 0};
}

}  // namespace kclhost::host::conformance
