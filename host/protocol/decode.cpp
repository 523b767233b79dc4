// The SAX side of decoding: one pass over the line, strings unescaped and base64 decoded where they stand.
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <cstdio>
#include <string>

#include "kclhost/plugin.h"
#include "protocol/message.hpp"
#include "support/base64_inplace.hpp"
#include "support/excerpt.hpp"

namespace kclhost::protocol {
namespace {

using Text = std::string_view;

enum class Field {
  none,
  unknown,
  action,
  shard_id,
  sequence_number,
  sub_sequence_number,
  error,
  reason,
  records,
  millis_behind_latest,
  data,
  partition_key,
  arrival,
};

Field message_field(Text key) {
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

Field record_field(Text key) {
  if (key == "data") return Field::data;
  if (key == "partitionKey") return Field::partition_key;
  if (key == "sequenceNumber") return Field::sequence_number;
  if (key == "approximateArrivalTimestamp") return Field::arrival;
  if (key == "subSequenceNumber") return Field::sub_sequence_number;
  return Field::unknown;
}

std::optional<Action> action_of(Text text) {
  if (text == "processRecords") return Action::process_records;
  if (text == "checkpoint") return Action::checkpoint;
  if (text == "initialize") return Action::initialize;
  if (text == "leaseLost") return Action::lease_lost;
  if (text == "shardEnded") return Action::shard_ended;
  if (text == "shutdownRequested") return Action::shutdown_requested;
  if (text == "shutdown") return Action::shutdown;
  return std::nullopt;
}

constexpr RecordEntry empty_record{0, 0, 0, 0, 0, 0, 0, KCLHOST_NO_TIMESTAMP};

class Handler {
 public:
  Handler(Message& message, const char* line, std::size_t line_size, SharedBuffer* buffer)
      : message_(message), line_(line), line_size_(line_size), buffer_(buffer) {}

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (skipping()) return true;
    field_ = in_record_ ? record_field({text, size}) : message_field({text, size});
    return true;
  }

  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (skipping()) return true;
    return in_record_ ? record_string(const_cast<char*>(text), size) : message_string({text, size});
  }

  bool Null() {
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

  bool Int64(std::int64_t value) {
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
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Int64(value); }
  bool Uint64(std::uint64_t value) {
    return value <= INT64_MAX ? Int64(static_cast<std::int64_t>(value)) : unexpected();
  }
  bool Double(double) { return unexpected(); }
  bool Bool(bool) { return unexpected(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return unexpected(); }

  bool StartObject() {
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

  bool EndObject(rapidjson::SizeType) {
    if (in_record_ && depth_ == 3) {
      in_record_ = false;
      if (record_.sequence_number == 0) return refuse("a record has no sequenceNumber");
      if (!append_record()) return false;
      field_ = Field::records;  // as before the record: what follows is judged as an element, not as a member of it
    }
    return leave();
  }

  bool StartArray() {
    if (++depth_ > deepest) return refuse("nested too deeply");
    if (depth_ == 1) return refuse("not a JSON object");
    if (depth_ == 2 && field_ == Field::records) {
      if (buffer_ == nullptr) return refuse("a processRecords where a checkpoint's answer was due");
      if (table_ != 0) return refuse("records stands twice");
      table_ = (offset(line_ + line_size_ + 1) + 7u) & ~std::size_t{7};
      in_records_ = true;
      return true;
    }
    return start_unknown();
  }

  bool EndArray(rapidjson::SizeType) {
    if (in_records_ && depth_ == 2) in_records_ = false;
    return leave();
  }

  // Whether the message is whole, once the parser is through.
  bool complete() {
    if (!saw_object_) return refuse("not a JSON object");
    if (!action_) return refuse("no action");
    message_.action = *action_;
    switch (message_.action) {
      case Action::initialize:
        if (message_.shard_id.empty()) return refuse("initialize without a shardId");
        return true;
      case Action::process_records:
        if (table_ == 0) return refuse("processRecords without records");
        message_.batch.base = buffer_->data();
        message_.batch.table = static_cast<std::uint32_t>(table_);
        message_.batch.count = count_;
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

  const char* what() const { return what_; }

 private:
  static constexpr int deepest = 64;

  bool skipping() const { return skipped_depth_ != 0; }
  bool refuse(const char* what) {
    what_ = what;
    return false;
  }
  bool wrong_type() { return refuse("a member has the wrong type"); }
  // A value of a type that no known member has.
  bool unexpected() { return skipping() || field_ == Field::unknown || wrong_type(); }

  bool start_unknown() {
    if (skipping()) return true;
    if (field_ != Field::unknown) return wrong_type();
    skipped_depth_ = depth_;
    return true;
  }
  bool leave() {
    if (skipped_depth_ == depth_) skipped_depth_ = 0;
    --depth_;
    return true;
  }

  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - buffer_->data()); }

  bool message_string(Text text) {
    if (depth_ != 1) return wrong_type();
    switch (field_) {
      case Field::action:
        action_ = action_of(text);
        message_.action_text = text;
        return action_ || refuse("an action that kclhost does not know");
      case Field::shard_id:
        message_.shard_id = text;
        return true;
      case Field::sequence_number:
        message_.sequence_number = text;
        return true;
      case Field::error:
        message_.error = text;
        return true;
      case Field::reason:
        message_.reason = text;
        return true;
      case Field::unknown:
        return true;
      default:
        return wrong_type();
    }
  }

  bool record_string(char* text, rapidjson::SizeType size) {
    const auto at = static_cast<std::uint32_t>(offset(text));
    switch (field_) {
      case Field::data: {
        const std::optional<std::size_t> decoded = decode_base64_in_place(text, size);
        if (!decoded) return refuse("data is not base64");
        record_.data = at;
        record_.data_size = static_cast<std::uint32_t>(*decoded);
        return true;
      }
      case Field::partition_key:
        record_.partition_key = at;
        record_.partition_key_size = size;
        return true;
      case Field::sequence_number:
        record_.sequence_number = at;
        record_.sequence_number_size = size;
        return true;
      case Field::unknown:
        return true;
      default:
        return wrong_type();
    }
  }

  bool append_record() {
    const std::size_t at = table_ + count_ * sizeof(RecordEntry);
    if (!buffer_->reserve(at + sizeof(RecordEntry))) return refuse("no memory for the batch");
    reinterpret_cast<RecordEntry*>(buffer_->data() + table_)[count_++] = record_;
    return true;
  }

  Message& message_;
  const char* line_;
  std::size_t line_size_;
  SharedBuffer* buffer_;
  std::optional<Action> action_;
  Field field_ = Field::none;
  int depth_ = 0;
  int skipped_depth_ = 0;  // where a value began that belongs to an unknown member; 0: nowhere
  bool saw_object_ = false, in_records_ = false, in_record_ = false;
  std::size_t table_ = 0;
  std::uint32_t count_ = 0;
  RecordEntry record_ = empty_record;
  const char* what_ = nullptr;
};

Error malformed(std::span<char> line, std::size_t at, std::string_view why) {
  return {std::string(why) + " at byte " + std::to_string(at + 1) + " of " + std::to_string(line.size()) + ", near \"" +
          excerpt({line.data() + std::min(at, line.size()), line.size() - std::min(at, line.size())}) + "\""};
}

}  // namespace

Result<Message> decode(std::span<char> line, SharedBuffer* buffer) {
  Message message;
  line.data()[line.size()] = '\0';
  rapidjson::InsituStringStream stream(line.data());
  Handler handler(message, line.data(), line.size(), buffer);
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<rapidjson::kParseInsituFlag>(stream, handler);
  if (parsed.IsError()) {
    const char* why = handler.what() ? handler.what() : rapidjson::GetParseError_En(parsed.Code());
    return malformed(line, parsed.Offset(), why);
  }
  // The parser takes a NUL for the line's end.
  if (stream.Tell() != line.size()) return malformed(line, stream.Tell(), "a NUL byte");
  if (!handler.complete()) return malformed(line, 0, handler.what());
  return message;
}

}  // namespace kclhost::protocol
