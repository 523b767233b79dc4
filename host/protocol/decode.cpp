// A line is read by RapidJSON, but for the records of a batch as the daemon writes them: those are nearly all there is
// to read, and record_scanner reads them several times as fast. RapidJSON gets what is unusual, a record at a time.
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <string>

#include "protocol/message.hpp"
#include "protocol/message_handler.hpp"
#include "protocol/record_scanner.hpp"
#include "protocol/string_end.hpp"
#include "support/excerpt.hpp"

namespace kclhost::protocol {
namespace {

constexpr std::string_view head = R"({"action":"processRecords","records":[)";
constexpr std::size_t action_at = std::string_view(R"({"action":")").size();

class Decoder {
 public:
  Decoder(std::span<char> line, SharedBuffer* buffer)
      : line_(line), buffer_(buffer), handler_(message_, line.data(), line.size(), buffer) {}

  Result<Message> decode() {
    at_ = line_.data();
    *end() = '\0';
    if (begins_batch() ? read_batch() : read_rest()) return message_;
    return Error{std::move(error_)};
  }

 private:
  char* end() const { return line_.data() + line_.size(); }

  bool begins_batch() const {
    return buffer_ != nullptr && std::string_view(line_.data(), line_.size()).starts_with(head) &&
           buffer_->reserve(static_cast<std::size_t>(end() - buffer_->data()) + 1 + string_end_overread);
  }

  bool read_batch() {
    handler_.StartObject();
    handler_.Key("action", 6, false);
    handler_.String(line_.data() + action_at, sizeof "processRecords" - 1, false);
    handler_.Key("records", 7, false);
    handler_.StartArray();
    at_ += head.size();
    return read_records() && read_members_behind();
  }

  bool read_records() {
    skip_blanks();
    if (*at_ != ']') {
      for (;;) {
        if (!read_record()) return false;
        skip_blanks();
        if (*at_ != ',') break;
        ++at_;
        skip_blanks();
      }
    }
    if (*at_ != ']') return fail(rapidjson::kParseErrorArrayMissCommaOrSquareBracket);
    return handler_.EndArray(0);
  }

  bool read_record() {
    RecordEntry* const record = handler_.next_record();
    if (record == nullptr) return fail(handler_.what());
    switch (scan_record(at_, buffer_->data(), *record)) {
      case Scanned::record:
        handler_.add_next_record();
        return true;
      case Scanned::not_base64:
        return fail("data is not base64");
      case Scanned::unusual:
        break;
    }
    return parse<rapidjson::kParseInsituFlag | rapidjson::kParseStopWhenDoneFlag>();
  }

  // What follows the records, as an object of its own: its brace is put over the bracket or the comma.
  bool read_members_behind() {
    char* const bracket = at_++;
    skip_blanks();
    char* brace = bracket;
    if (*at_ == ',') {
      brace = at_++;
      skip_blanks();
      if (*at_ != '"') return fail(rapidjson::kParseErrorObjectMissName);
    } else if (*at_ != '}') {
      return fail(rapidjson::kParseErrorObjectMissCommaOrCurlyBracket);
    }
    *brace = '{';
    at_ = brace;
    handler_.go_on_with_object();
    return read_rest();
  }

  bool read_rest() {
    if (!parse<rapidjson::kParseInsituFlag>()) return false;
    // The parser takes a NUL for the line's end.
    if (at_ != end()) return fail("a NUL byte");
    at_ = line_.data();
    return handler_.complete() || fail(handler_.what());
  }

  template <unsigned flags>
  bool parse() {
    rapidjson::InsituStringStream stream(line_.data());
    stream.src_ = at_;
    rapidjson::Reader reader;
    const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler_);
    at_ = line_.data() + stream.Tell();
    if (!parsed.IsError()) return true;
    at_ = line_.data() + parsed.Offset();
    if (handler_.what() != nullptr) return fail(handler_.what());
    const bool within = (flags & rapidjson::kParseStopWhenDoneFlag) != 0;
    return fail(within && parsed.Code() == rapidjson::kParseErrorDocumentEmpty ? rapidjson::kParseErrorValueInvalid
                                                                               : parsed.Code());
  }

  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n') ++at_;
  }

  bool fail(rapidjson::ParseErrorCode code) { return fail(rapidjson::GetParseError_En(code)); }
  bool fail(std::string_view why) {
    const std::size_t at = std::min(static_cast<std::size_t>(at_ - line_.data()), line_.size());
    error_ = std::string(why) + " at byte " + std::to_string(at + 1) + " of " + std::to_string(line_.size()) +
             ", near \"" + excerpt({line_.data() + at, line_.size() - at}) + "\"";
    return false;
  }

  std::span<char> line_;
  SharedBuffer* buffer_;
  Message message_;
  MessageHandler handler_;
  char* at_ = nullptr;
  std::string error_;
};

}  // namespace

Result<Message> decode(std::span<char> line, SharedBuffer* buffer) {
  return Decoder(line, buffer).decode();
}

}  // namespace kclhost::protocol
