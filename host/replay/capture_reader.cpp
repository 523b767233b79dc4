#include "replay/capture_reader.hpp"

#include <utility>
#include <vector>

#include "replay/daemon_lines.hpp"
#include "support/base64.hpp"
#include "support/excerpt.hpp"
#include "support/json.hpp"

namespace kclhost::host::replay {

struct CaptureReader::Json {
  const rapidjson::Value& object;

  std::optional<std::string_view> text(const char* name) const {
    const auto member = object.FindMember(name);
    if (member == object.MemberEnd() || !member->value.IsString()) return std::nullopt;
    return std::string_view(member->value.GetString(), member->value.GetStringLength());
  }
  std::optional<std::int64_t> number(const char* name) const {
    const auto member = object.FindMember(name);
    if (member == object.MemberEnd() || !member->value.IsInt64()) return std::nullopt;
    return member->value.GetInt64();
  }
};

std::optional<std::string_view> captured_message(std::string_view line) {
  if (line.starts_with("> ")) line.remove_prefix(2);
  if (line.empty() || line.starts_with('<') || line.starts_with('#')) return std::nullopt;
  return line;
}

CaptureReader::CaptureReader(std::string shard_id, std::optional<Position> resume)
    : shard_id_(std::move(shard_id)), resume_(std::move(resume)), resuming_(resume_.has_value()) {}

std::optional<std::string> CaptureReader::add(std::string_view line) {
  const auto text = captured_message(line);
  if (!text) return std::nullopt;
  rapidjson::Document document;
  const auto fault = json::parse(*text, document);
  if (fault || !document.IsObject()) {
    return "no message of the daemon" + (fault ? " (" + fault->str() + ')' : std::string()) +
           "; each line must be one JSON object, with or without \"> \" before it";
  }
  const Json message{document};
  const auto action = message.text("action");
  if (!action) return "a message without an action; remove it";
  if (*action == "initialize") return add_initialize(*text, message);
  if (*action == "processRecords") return add_batch(*text, message);
  if (*action == "checkpoint" || *action == "status") return std::nullopt;  // replay answers by its own rules
  Ending ending{std::string(*text) + "\n", std::string(*action)};
  if (*action == "shardEnded") {
    ending.ends_shard = true;
  } else if (*action == "leaseLost") {
    ending.takes_checkpoint = false;
  } else if (*action == "shutdown") {
    ending.ends_shard = message.text("reason") == "TERMINATE";
    ending.takes_checkpoint = ending.ends_shard;
  } else if (*action != "shutdownRequested") {
    return "unknown action '" + excerpt(*action) + "'; remove the line";
  }
  script_.endings.push_back(std::move(ending));
  return std::nullopt;
}

std::optional<std::string> CaptureReader::add_initialize(std::string_view line, const Json& message) {
  if (!script_.initialize.empty() || !script_.batches.empty() || !script_.endings.empty()) {
    return "a second conversation begins; keep one in a file";
  }
  const auto shard_id = message.text("shardId");
  const auto sequence_number = message.text("sequenceNumber");
  if (!shard_id || !sequence_number) return "initialize without a shardId or sequenceNumber; add them";
  shard_id_ = *shard_id;
  script_.start = {std::string(*sequence_number), message.number("subSequenceNumber").value_or(0)};
  script_.initialize = std::string(line) + "\n";
  return std::nullopt;
}

std::optional<std::string> CaptureReader::add_batch(std::string_view line, const Json& message) {
  if (!script_.endings.empty()) return "processRecords after " + script_.endings.back().action + "; remove it";
  const auto records = message.object.FindMember("records");
  if (records == message.object.MemberEnd() || !records->value.IsArray())
    return "processRecords without records; add []";
  Batch batch;
  std::vector<Record> kept;
  for (const auto& value : records->value.GetArray()) {
    if (!value.IsObject()) return "a record that is no object; correct it";
    const Json record{value};
    const auto sequence_number = record.text("sequenceNumber");
    if (!sequence_number) return "a record without a sequenceNumber; add it";
    batch.last = {std::string(*sequence_number), record.number("subSequenceNumber").value_or(0)};
    if (resuming_ && compare(batch.last, *resume_) <= 0) continue;
    resuming_ = false;
    kept.push_back({record.text("data"), record.text("partitionKey").value_or(""), *sequence_number,
                    batch.last.sub_sequence_number, record.number("approximateArrivalTimestamp")});
    ++batch.records;
    if (const auto data = record.text("data")) batch.data_bytes += base64::decoded_size(*data);
  }
  if (resuming_) return std::nullopt;
  if (kept.size() == records->value.Size()) {
    batch.line = std::string(line) + "\n";
  } else {
    begin_batch(batch.line);
    for (const Record& record : kept) append_record(record, &record == kept.data(), batch.line);
    end_batch(message.number("millisBehindLatest").value_or(0), batch.line);
  }
  script_.batches.push_back(std::move(batch));
  return std::nullopt;
}

Script CaptureReader::finish() {
  if (resume_ || script_.initialize.empty()) {
    script_.start = resume_.value_or(Position{std::string(trim_horizon)});
    script_.initialize = initialize_line(shard_id_, script_.start);
  }
  return std::move(script_);
}

}  // namespace kclhost::host::replay
