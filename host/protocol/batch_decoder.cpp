// The records of a batch as the daemon writes them are nearly all there is to read, and record_scanner reads them
// several times as fast as RapidJSON, which gets what is unusual, a record at a time.
#include "protocol/batch_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/line_parser.hpp"
#include "protocol/record_scanner.hpp"
#include "protocol/string_end.hpp"

namespace kclhost::host::protocol {
namespace {

constexpr std::string_view head = R"({"action":"processRecords","records":[)";
constexpr std::string_view record_head = R"({"data":")";
// A record larger than this does not wait for its end.
constexpr std::size_t large_record = std::size_t{16} << 10;
constexpr const char* not_base64 = "data is not base64";
constexpr const char* no_memory = "no memory for the batch";

}  // namespace

static_assert(BatchDecoder::overread >= std::max({string_end_overread, BatchStore::text_overread, base64_overreach}));

void BatchDecoder::begin_line() {
  store_.clear();
  handler_.reset();
  message_ = {};
  taken_ = seen_ = 0;
  behind_record_ = not_base64_ = false;
}

bool BatchDecoder::begin_records(std::span<char> text) {
  if (!std::string_view(text.data(), text.size()).starts_with(head) || !store_.reserve(text.size())) return false;
  handler_.emplace(message_, &store_);
  handler_->StartObject();
  handler_->Key("action", 6, false);
  handler_->String("processRecords", 14, false);
  handler_->Key("records", 7, false);
  handler_->StartArray();
  at_ = text.data() + head.size();
  return true;
}

std::size_t BatchDecoder::arrived(std::span<char> text) {
  const std::size_t seen = std::exchange(seen_, text.size());
  if (not_base64_) return 0;
  if (!handler_) {
    if (seen >= head.size() || !begin_records(text)) return 0;
  } else {
    if (!store_.reserve(text.size())) return 0;
    at_ = text.data();
  }
  // A record whose end has not come would be read for nothing, and it may be megabytes.
  const void* const last_end = ::memrchr(text.data() + seen, '}', text.size() - seen);
  if (last_end != nullptr) {
    text.data()[text.size()] = '\0';  // no record goes on beyond it
    take_whole_records(static_cast<const char*>(last_end));
  }
  const auto whole = static_cast<std::size_t>(at_ - text.data());
  if (text.size() - whole >= large_record) take_data_begun(text.subspan(whole));
  const auto taken = static_cast<std::size_t>(at_ - text.data());
  taken_ += taken;
  seen_ -= taken;
  return taken;
}

void BatchDecoder::take_whole_records(const char* last_end) {
  while (at_ < last_end) {
    const char* at = at_;
    if (behind_record_ && *at++ != ',') return;
    RecordEntry* const record = store_.next();
    if (record == nullptr) return;
    const Scanned scanned = scan_record(at, store_, *record);
    not_base64_ = scanned == Scanned::not_base64;
    if (scanned != Scanned::record) return;
    store_.add();
    at_ += at - at_;
    behind_record_ = true;
  }
}

// What is left of the record is put together as if its data had begun where those that are taken end.
void BatchDecoder::take_data_begun(std::span<char> text) {
  text.data()[text.size()] = '\0';
  const std::string_view begun(text.data(), text.size());
  const std::size_t comma = behind_record_ ? 1 : 0;
  if (not_base64_ || (comma != 0 && begun[0] != ',') || !begun.substr(comma).starts_with(record_head)) return;
  const std::size_t before = comma + record_head.size();
  const char* const data = text.data() + before;
  const char* const end = store_.decode_data(data);
  if (end == data || end[-1] == '=') return;  // behind padding nothing may come
  store_.keep_data_begun();
  at_ += end - data;
  std::memmove(at_, text.data(), before);
}

Result<Message> BatchDecoder::decode(std::span<char> rest) {
  rest.data()[rest.size()] = '\0';
  const bool room = store_.reserve(rest.size());
  at_ = rest.data();
  const bool is_batch = handler_ || begin_records(rest);
  if (!is_batch) handler_.emplace(message_, &store_);
  LineParser parser(*handler_, rest, taken_);
  parser.at = at_;
  const bool well = !room      ? parser.fail(no_memory)
                    : is_batch ? read_records(parser) && read_members_behind(parser)
                               : parser.rest();
  const Message message = message_;
  begin_line();
  if (!well) return Error{parser.error()};
  return message;
}

bool BatchDecoder::read_records(LineParser& parser) {
  if (!behind_record_) {
    parser.skip_blanks();
    if (*parser.at == ']') return handler_->EndArray(0);
    if (!read_record(parser)) return false;
  }
  for (;;) {
    parser.skip_blanks();
    if (*parser.at != ',') break;
    ++parser.at;
    parser.skip_blanks();
    if (!read_record(parser)) return false;
  }
  if (*parser.at != ']') return parser.fail_array();
  return handler_->EndArray(0);
}

bool BatchDecoder::read_record(LineParser& parser) {
  RecordEntry* const record = store_.next();
  if (record == nullptr) return parser.fail(no_memory);
  const char* at = parser.at;
  const Scanned scanned = scan_record(at, store_, *record);
  if (scanned == Scanned::unusual) return parser.value();
  parser.at += at - parser.at;
  if (scanned == Scanned::not_base64) return parser.fail(not_base64);
  store_.add();
  return true;
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

}  // namespace kclhost::host::protocol
