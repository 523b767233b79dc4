#include "protocol/message_handler.hpp"

#include "protocol/record_scanner.hpp"

namespace kclhost::host::protocol {
namespace {

std::optional<Action> action_of(std::string_view text) {
  if (text == "processRecords") return Action::process_records;
  if (text == "checkpoint") return Action::checkpoint;
  if (text == "initialize") return Action::initialize;
  if (text == "leaseLost") return Action::lease_lost;
  if (text == "shardEnded") return Action::shard_ended;
  if (text == "shutdownRequested") return Action::shutdown_requested;
  if (text == "shutdown") return Action::shutdown;
  return std::nullopt;
}

}  // namespace

MessageHandler::Field MessageHandler::message_field(std::string_view key) {
  if (key == "action") return Field::action;
  if (key == "records") return Field::records;
  if (key == "millisBehindLatest") return Field::millis_behind_latest;
  if (key == "shardId") return Field::shard_id;
  if (key == "sequenceNumber") return Field::sequence_number;
  if (key == "subSequenceNumber") return Field::sub_sequence_number;
  if (key == "error") return Field::error;
  if (key == "reason") return Field::reason;
  return Field::unknown;
}

MessageHandler::Field MessageHandler::record_field(std::string_view key) {
  if (key == "data") return Field::data;
  if (key == "partitionKey") return Field::partition_key;
  if (key == "sequenceNumber") return Field::sequence_number;
  if (key == "approximateArrivalTimestamp") return Field::arrival;
  if (key == "subSequenceNumber") return Field::sub_sequence_number;
  return Field::unknown;
}

bool MessageHandler::Key(const char* text, std::uint32_t size, bool) {
  if (skipping()) return true;
  field_ = in_record_ ? record_field({text, size}) : message_field({text, size});
  return true;
}

bool MessageHandler::String(const char* text, std::uint32_t size, bool) {
  if (skipping()) return true;
  return in_record_ ? record_string({text, size}) : message_string({text, size});
}

bool MessageHandler::Null() {
  if (skipping()) return true;
  switch (field_) {
    case Field::sequence_number:
      return in_record_ ? refuse("sequenceNumber is null") : true;
    case Field::action:
      return in_record_ || refuse("action is null");
    case Field::records:
      return refuse("records is null");
    default:
      return true;
  }
}

bool MessageHandler::Int64(std::int64_t value) {
  if (skipping()) return true;
  switch (field_) {
    case Field::none:
    case Field::unknown:
      return true;
    case Field::sub_sequence_number:
      (in_record_ ? record_.sub_sequence_number : message_.sub_sequence_number) = value;
      return true;
    case Field::millis_behind_latest:
      message_.batch.millis_behind_latest = value;
      return true;
    case Field::arrival:
      record_.arrival_ms = value;
      return true;
    default:
      return wrong_type();
  }
}

bool MessageHandler::StartObject() {
  if (++depth_ > deepest) return refuse("nested too deeply");
  if (depth_ == 1) return saw_object_ = true;
  if (in_records_ && depth_ == 3) {
    in_record_ = true;
    field_ = Field::none;
    record_ = empty_record;
    return true;
  }
  return start_unknown();
}

bool MessageHandler::EndObject(std::uint32_t) {
  if (in_record_ && depth_ == 3) {
    in_record_ = false;
    if (record_.sequence_number == 0) return refuse("a record has no sequenceNumber");
    RecordEntry* const entry = store_->next();
    if (entry == nullptr) return refuse("no memory for the batch");
    *entry = record_;
    store_->add();
    field_ = Field::records;  // as before the record: what follows is judged as an element, not as a member of it
  }
  return leave();
}

bool MessageHandler::StartArray() {
  if (++depth_ > deepest) return refuse("nested too deeply");
  if (depth_ == 1) return refuse("not a JSON object");
  if (depth_ == 2 && field_ == Field::records) {
    if (store_ == nullptr) return refuse("a processRecords where a checkpoint's answer was due");
    if (saw_records_) return refuse("records stands twice");
    return saw_records_ = in_records_ = true;
  }
  return start_unknown();
}

bool MessageHandler::EndArray(std::uint32_t) {
  if (in_records_ && depth_ == 2) in_records_ = false;
  return leave();
}

// Whether the message is whole, once the parser is through.
bool MessageHandler::complete() {
  if (!saw_object_) return refuse("not a JSON object");
  if (!action_) return refuse("no action");
  message_.action = *action_;
  switch (message_.action) {
    case Action::initialize:
      if (message_.shard_id.empty()) return refuse("initialize without a shardId");
      return true;
    case Action::process_records:
      if (!saw_records_) return refuse("processRecords without records");
      message_.batch.base = store_->base();
      message_.batch.table = store_->table();
      message_.batch.count = store_->count();
      return true;
    case Action::shutdown:
      if (message_.reason != "TERMINATE" && message_.reason != "ZOMBIE") {
        return refuse("shutdown whose reason is neither TERMINATE nor ZOMBIE");
      }
      return true;
    default:
      return true;
  }
}

bool MessageHandler::start_unknown() {
  if (skipping()) return true;
  if (field_ != Field::unknown) return wrong_type();
  skipped_depth_ = depth_;
  return true;
}

bool MessageHandler::leave() {
  if (skipped_depth_ == depth_) skipped_depth_ = 0;
  --depth_;
  return true;
}

bool MessageHandler::message_string(std::string_view text) {
  if (depth_ != 1) return wrong_type();
  switch (field_) {
    case Field::action:
      action_ = action_of(text);
      message_.action_text = keep(text);
      return action_ || refuse("an action that kclhost does not know");
    case Field::shard_id:
      message_.shard_id = keep(text);
      return true;
    case Field::sequence_number:
      message_.sequence_number = keep(text);
      return true;
    case Field::error:
      message_.error = keep(text);
      return true;
    case Field::reason:
      message_.reason = keep(text);
      return true;
    case Field::unknown:
      return true;
    default:
      return wrong_type();
  }
}

bool MessageHandler::record_string(std::string_view text) {
  switch (field_) {
    case Field::data:
      if (store_->decode_data(text.data()) != text.data() + text.size()) return refuse("data is not base64");
      store_->keep_data(record_);
      return true;
    case Field::partition_key:
      store_->keep_partition_key(text, record_);
      return true;
    case Field::sequence_number:
      store_->keep_sequence_number(text, record_);
      return true;
    case Field::unknown:
      return true;
    default:
      return wrong_type();
  }
}

}  // namespace kclhost::host::protocol
