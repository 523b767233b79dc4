#include "replay/daemon_lines.hpp"

#include <charconv>

namespace kclhost::host::replay {
namespace {

void append_number(std::int64_t number, std::string& out) {
  char digits[20];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

}  // namespace

void append_jackson_string(std::string_view text, std::string& out) {
  constexpr char hex[] = "0123456789ABCDEF";
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += c;
        break;
      case '\b':
        out += 'b';
        break;
      case '\t':
        out += 't';
        break;
      case '\n':
        out += 'n';
        break;
      case '\f':
        out += 'f';
        break;
      case '\r':
        out += 'r';
        break;
      default:
        out.append("u00") += {hex[c >> 4], hex[c & 15]};
    }
  }
  out.append(text, begin);
  out += '"';
}

std::string initialize_line(std::string_view shard_id, const Position& start) {
  std::string line = R"({"action":"initialize","shardId":)";
  append_jackson_string(shard_id, line);
  line += R"(,"sequenceNumber":)";
  append_jackson_string(start.sequence_number, line);
  line += R"(,"subSequenceNumber":)";
  append_number(start.sub_sequence_number, line);
  return line += "}\n";
}

std::string plain_line(std::string_view action) {
  std::string line = R"({"action":)";
  append_jackson_string(action, line);
  return line += "}\n";
}

std::string checkpoint_line(const Checkpointer::Request& request, std::string_view error) {
  std::string line = R"({"action":"checkpoint","sequenceNumber":)";
  if (request.sequence_number) {
    append_jackson_string(*request.sequence_number, line);
  } else {
    line += "null";
  }
  line += R"(,"subSequenceNumber":)";
  if (request.sub_sequence_number) {
    append_number(*request.sub_sequence_number, line);
  } else {
    line += "null";
  }
  line += R"(,"error":)";
  if (error.empty()) {
    line += "null";
  } else {
    append_jackson_string(error, line);
  }
  return line += "}\n";
}

void begin_batch(std::string& line) {
  line += R"({"action":"processRecords","records":[)";
}

void append_record(const Record& record, bool first, std::string& line) {
  line += first ? R"({"data":)" : R"(,{"data":)";
  if (record.base64) {
    line += '"';
    line += *record.base64;
    line += '"';
  } else {
    line += "null";
  }
  line += R"(,"partitionKey":)";
  append_jackson_string(record.partition_key, line);
  line += R"(,"sequenceNumber":")";
  line += record.sequence_number;
  line += R"(","approximateArrivalTimestamp":)";
  if (record.timestamp) {
    append_number(*record.timestamp, line);
  } else {
    line += "null";
  }
  line += R"(,"subSequenceNumber":)";
  append_number(record.sub_sequence_number, line);
  line += R"(,"action":"record"})";
}

void end_batch(std::int64_t millis_behind_latest, std::string& line) {
  line += R"(],"millisBehindLatest":)";
  append_number(millis_behind_latest, line);
  line += "}\n";
}

}  // namespace kclhost::host::replay
