// A message put together from what a JSON parser finds in its line.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/batch_store.hpp"
#include "protocol/message.hpp"

namespace kclhost::host::protocol {

// Takes a parser's events, as RapidJSON names them; they return false to end the parsing, and what() then says why.
class MessageHandler {
 public:
  // Both must outlive the handler. The store gets all texts and the records, and must have room for them; it is null
  // where no records may come, and then the message's texts are those the parser gave.
  MessageHandler(Message& message, BatchStore* store) : message_(message), store_(store) {}

  bool Key(const char* text, std::uint32_t size, bool copy);
  bool String(const char* text, std::uint32_t size, bool copy);
  bool Null();
  bool Int64(std::int64_t value);
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Int64(value); }
  bool Uint64(std::uint64_t value) {
    return value <= INT64_MAX ? Int64(static_cast<std::int64_t>(value)) : unexpected();
  }
  bool Double(double) { return unexpected(); }
  bool Bool(bool) { return unexpected(); }
  bool RawNumber(const char* text, std::uint32_t size, bool) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text, text + size, value);
    return error == std::errc() && end == text + size ? Int64(value) : unexpected();
  }
  bool StartObject();
  bool EndObject(std::uint32_t members);
  bool StartArray();
  bool EndArray(std::uint32_t elements);

  // The message's object is not begun a second time by the next StartObject: its members go on.
  void go_on_with_object() { depth_ = 0; }

  // Whether the message is whole, once the parser is through.
  bool complete();
  const char* what() const { return what_; }

 private:
  static constexpr int deepest = 64;

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
  static Field message_field(std::string_view key);
  static Field record_field(std::string_view key);

  bool skipping() const { return skipped_depth_ != 0; }
  bool refuse(const char* what) {
    what_ = what;
    return false;
  }
  bool wrong_type() { return refuse("a member has the wrong type"); }
  // A value of a type that no known member has.
  bool unexpected() { return skipping() || field_ == Field::unknown || wrong_type(); }

  bool start_unknown();
  bool leave();
  bool message_string(std::string_view text);
  bool record_string(std::string_view text);
  std::string_view keep(std::string_view text) { return store_ == nullptr ? text : store_->keep(text); }

  Message& message_;
  BatchStore* store_;
  std::optional<Action> action_;
  Field field_ = Field::none;
  int depth_ = 0;
  int skipped_depth_ = 0;  // where a value began that belongs to an unknown member; 0: nowhere
  bool saw_object_ = false, saw_records_ = false, in_records_ = false, in_record_ = false;
  RecordEntry record_{};
  const char* what_ = nullptr;
};

}  // namespace kclhost::host::protocol
