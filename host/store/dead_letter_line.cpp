#include "store/dead_letter_line.hpp"

#include <limits>
#include <optional>

#include "kclhost/plugin.h"
#include "support/base64.hpp"
#include "support/json.hpp"
#include "support/json_string.hpp"

namespace kclhost::host::store {
namespace {

class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) {}

  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  void number(std::string_view name, std::int64_t value) {
    key(name);
    out_ += std::to_string(value);
  }
  void base64(std::string_view name, std::string_view bytes) {
    key(name);
    out_ += '"';
    base64::encode(bytes, out_);
    out_ += '"';
  }
  void null(std::string_view name) {
    key(name);
    out_ += "null";
  }

 private:
  void key(std::string_view name) {
    if (out_.back() != ',') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }

  std::string& out_;
};

// Takes members out of a parsed line, and remembers the first that is missing or of the wrong type.
class LineReader {
 public:
  explicit LineReader(const rapidjson::Value& object) : object_(object) {}

  void text(const char* name, std::string& value) {
    const rapidjson::Value* found = find(name);
    if (found == nullptr || !found->IsString()) return refuse(name);
    value.assign(found->GetString(), found->GetStringLength());
  }
  template <class T>
  void number(const char* name, T& value) {
    const rapidjson::Value* found = find(name);
    if (found == nullptr || !found->IsInt64()) return refuse(name);
    const std::int64_t read = found->GetInt64();
    if (read < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
        read > static_cast<std::int64_t>(std::numeric_limits<T>::max())) {
      return refuse(name);
    }
    value = static_cast<T>(read);
  }
  void time(const char* name, std::int64_t& value) {
    const rapidjson::Value* found = find(name);
    if (found != nullptr && found->IsNull()) {
      value = KCLHOST_NO_TIMESTAMP;
    } else {
      number(name, value);
    }
  }
  void base64(const char* name, std::string& value) {
    std::string encoded;
    text(name, encoded);
    value.resize(encoded.size() / 4 * 3);
    const std::optional<std::size_t> size = base64::decode(encoded, value.data());
    if (!size) return refuse(name);
    value.resize(*size);
  }

  const char* bad_member() const { return bad_; }

 private:
  const rapidjson::Value* find(const char* name) const {
    const auto member = object_.FindMember(name);
    return member == object_.MemberEnd() ? nullptr : &member->value;
  }
  void refuse(const char* name) {
    if (bad_ == nullptr) bad_ = name;
  }

  const rapidjson::Value& object_;
  const char* bad_ = nullptr;
};

}  // namespace

DeadLetter ParsedLetter::letter() const {
  return {.data = data,
          .partition_key = partition_key,
          .sequence_number = sequence_number,
          .sub_sequence_number = sub_sequence_number,
          .arrival_ms = arrival_ms,
          .error_code = error_code,
          .error_text = error_text,
          .attempts = attempts,
          .first_try_ms = first_try_ms,
          .last_try_ms = last_try_ms};
}

void append_dead_letter(std::string& out, const DeadLetter& letter, const DeadLetterOrigin& origin) {
  out += dead_letter_prefix;
  LineWriter line(out);
  line.text("stream", origin.stream);
  line.text("application", origin.application);
  line.text("shard", origin.shard_id);
  line.text("sequence_number", letter.sequence_number);
  line.number("sub_sequence_number", letter.sub_sequence_number);
  line.text("partition_key", letter.partition_key);
  if (letter.arrival_ms == KCLHOST_NO_TIMESTAMP) {
    line.null("arrival_ms");
  } else {
    line.number("arrival_ms", letter.arrival_ms);
  }
  line.text("plugin", origin.plugin_id);
  line.text("plugin_version", origin.plugin_version);
  line.number("generation", origin.generation);
  line.text("error_code", letter.error_code);
  line.text("error_text", letter.error_text);
  line.number("attempts", letter.attempts);
  line.number("first_try_ms", letter.first_try_ms);
  line.number("last_try_ms", letter.last_try_ms);
  line.base64("data", letter.data);
  out += "}\n";
}

Result<ParsedLetter> parse_dead_letter(std::string_view line) {
  if (!line.starts_with(dead_letter_prefix)) return Error{"no dead letter of a format that this kclhost knows"};
  rapidjson::Document document;
  if (const auto fault = json::parse(line, document)) return Error{fault->str()};
  ParsedLetter letter;
  LineReader reader(document);
  reader.text("stream", letter.origin.stream);
  reader.text("application", letter.origin.application);
  reader.text("shard", letter.origin.shard_id);
  reader.text("sequence_number", letter.sequence_number);
  reader.number("sub_sequence_number", letter.sub_sequence_number);
  reader.text("partition_key", letter.partition_key);
  reader.time("arrival_ms", letter.arrival_ms);
  reader.text("plugin", letter.origin.plugin_id);
  reader.text("plugin_version", letter.origin.plugin_version);
  reader.number("generation", letter.origin.generation);
  reader.text("error_code", letter.error_code);
  reader.text("error_text", letter.error_text);
  reader.number("attempts", letter.attempts);
  reader.number("first_try_ms", letter.first_try_ms);
  reader.number("last_try_ms", letter.last_try_ms);
  reader.base64("data", letter.data);
  if (reader.bad_member() != nullptr) return Error{std::string(reader.bad_member()) + " is missing or wrong"};
  return letter;
}

}  // namespace kclhost::host::store
