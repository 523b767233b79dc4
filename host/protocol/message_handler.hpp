// A message put together from what a JSON parser finds in its line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/message.hpp"

namespace kclhost::protocol {

// Takes a parser's events, as RapidJSON names them; they return false to end the parsing, and what() then says why. The
// texts given to it must lie in the line: they are kept, and a record's data are decoded where they stand.
class MessageHandler {
 public:
  // All must outlive the handler. `buffer` holds the line, or is null where no records may come.
  MessageHandler(Message& message, const char* line, std::size_t line_size, SharedBuffer* buffer)
      : message_(message), line_(line), line_size_(line_size), buffer_(buffer) {}

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
  bool RawNumber(const char*, std::uint32_t, bool) { return unexpected(); }
  bool StartObject();
  bool EndObject(std::uint32_t members);
  bool StartArray();
  bool EndArray(std::uint32_t elements);

  // Where somebody else may put the record that he reads; null when there is no memory. It is none until it is added.
  RecordEntry* next_record() { return count_ < room_ || make_room() ? entries() + count_ : nullptr; }
  void add_next_record() { ++count_; }
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

  RecordEntry* entries() const { return reinterpret_cast<RecordEntry*>(buffer_->data() + table_); }
  bool make_room();
  bool start_unknown();
  bool leave();
  bool message_string(std::string_view text);
  bool record_string(char* text, std::uint32_t size);
  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - buffer_->data()); }

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
  std::uint32_t count_ = 0, room_ = 0;  // records in the table; records that fit the buffer
  RecordEntry record_{};
  const char* what_ = nullptr;
};

}  // namespace kclhost::protocol
