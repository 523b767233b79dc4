// The records of a batch as the daemon writes them are nearly all there is to read, and record_scanner reads them
// several times as fast as RapidJSON, which gets what is unusual, a record at a time.
#include "protocol/batch_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/line_parser.hpp"
#include "protocol/record_scanner.hpp"
#include "protocol/string_end.hpp"

namespace kclhost::protocol {
namespace {

constexpr std::string_view head = R"({"action":"processRecords","records":[)";
constexpr std::size_t action_at = std::string_view(R"({"action":")").size();
// Behind a line: the NUL that ends it, and what may be read beyond.
constexpr std::size_t behind_line = 1 + string_end_overread;
// A buffer no larger than this is not worth giving back.
constexpr std::size_t kept_buffer = std::size_t{256} << 10;
constexpr const char* not_base64 = "data is not base64";

}  // namespace

std::size_t BatchDecoder::room() const {
  return std::max(table_.line_room(), behind_line) - behind_line;
}

bool BatchDecoder::reserve(std::size_t bytes) {
  return table_.reserve_line(bytes + behind_line);
}

bool BatchDecoder::release() {
  if (buffer_.size() <= kept_buffer) return false;
  table_.release();
  return true;
}

void BatchDecoder::begin() {
  table_.clear();
  handler_.reset();
  message_ = {};
  size_ = 0;
  behind_record_ = not_base64_ = false;
}

bool BatchDecoder::begins_batch(std::size_t bytes) const {
  return std::string_view(buffer_.data(), bytes).starts_with(head);
}

void BatchDecoder::begin_records() {
  handler_.emplace(message_, &table_);
  handler_->StartObject();
  handler_->Key("action", 6, false);
  handler_->String(line() + action_at, sizeof "processRecords" - 1, false);
  handler_->Key("records", 7, false);
  handler_->StartArray();
  at_ = line() + head.size();
}

void BatchDecoder::arrived(std::size_t bytes) {
  const std::size_t before = std::exchange(size_, bytes);
  if (!handler_) {
    if (before != 0 || !begins_batch(bytes)) return;
    begin_records();
  }
  // A record whose end has not come would be read for nothing, and it may be megabytes.
  if (!not_base64_ && ::memrchr(line() + before, '}', bytes - before) != nullptr) decode_whole_records();
}

void BatchDecoder::decode_whole_records() {
  line()[size_] = '\0';  // no record goes on beyond it
  for (;;) {
    if (behind_record_) {
      if (*at_ != ',') return;
      ++at_;
      behind_record_ = false;
    }
    RecordEntry* const record = table_.next();
    if (record == nullptr) return;
    const Scanned scanned = scan_record(at_, line(), *record);
    if (scanned == Scanned::unusual) return;
    behind_record_ = true;
    not_base64_ = scanned == Scanned::not_base64;
    if (not_base64_) return;
    table_.add();
  }
}

Result<Message> BatchDecoder::decode(std::size_t line_size) {
  line()[line_size] = '\0';
  if (!handler_ && begins_batch(line_size)) begin_records();
  const bool is_batch = handler_.has_value();
  if (!is_batch) handler_.emplace(message_, &table_);
  LineParser parser(*handler_, line(), line_size);
  if (is_batch) parser.at = at_;
  const bool well = is_batch ? read_records(parser) && read_members_behind(parser) : parser.rest();
  const Message message = message_;
  begin();
  if (!well) return Error{parser.error()};
  return message;
}

bool BatchDecoder::read_records(LineParser& parser) {
  if (not_base64_) return parser.fail(not_base64);
  const bool at_first = parser.at == line() + head.size();
  parser.skip_blanks();
  if (!at_first || *parser.at != ']') {
    for (;;) {
      if (!std::exchange(behind_record_, false) && !read_record(parser)) return false;
      parser.skip_blanks();
      if (*parser.at != ',') break;
      ++parser.at;
      parser.skip_blanks();
    }
  }
  if (*parser.at != ']') return parser.fail_array();
  return handler_->EndArray(0);
}

bool BatchDecoder::read_record(LineParser& parser) {
  RecordEntry* const record = table_.next();
  if (record == nullptr) return parser.fail("no memory for the batch");
  switch (scan_record(parser.at, line(), *record)) {
    case Scanned::record:
      table_.add();
      return true;
    case Scanned::not_base64:
      return parser.fail(not_base64);
    default:
      return parser.value();
  }
}

// What follows the records, as an object of its own: its brace is put over the bracket or the comma.
bool BatchDecoder::read_members_behind(LineParser& parser) {
  char* brace = parser.at++;
  parser.skip_blanks();
  if (*parser.at == ',') {
    brace = parser.at++;
    parser.skip_blanks();
    if (*parser.at != '"') return parser.fail_name();
  } else if (*parser.at != '}') {
    return parser.fail_object();
  }
  *brace = '{';
  parser.at = brace;
  handler_->go_on_with_object();
  return parser.rest();
}

}  // namespace kclhost::protocol
