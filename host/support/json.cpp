#include "support/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "support/utf8.hpp"

namespace kclhost::host::json {
namespace {

using rapidjson::Document;
using rapidjson::SizeType;

// Stands between the parser and the document, and refuses what the document must not get.
class Guard {
 public:
  Guard(Document& document, bool numbers_are_text) : document_(document), numbers_are_text_(numbers_are_text) {}

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool String(const char* text, SizeType size, bool copy) { return document_.String(text, size, copy); }
  bool Key(const char* text, SizeType size, bool copy) { return document_.Key(text, size, copy); }
  bool StartObject() { return enter() && document_.StartObject(); }
  bool EndObject(SizeType members) { return leave() && document_.EndObject(members); }
  bool StartArray() { return enter() && document_.StartArray(); }
  bool EndArray(SizeType elements) { return leave() && document_.EndArray(elements); }

  bool RawNumber(const char* text, SizeType size, bool copy) {
    return numbers_are_text_ ? document_.String(text, size, copy) : number({text, size});
  }

  // Why it ended the parsing; null when it did not.
  const char* refusal() const { return refusal_; }

 private:
  bool enter() { return ++depth_ <= deepest || refuse("Nested deeper than 100 levels."); }
  bool leave() { return --depth_, true; }

  bool refuse(const char* why) {
    refusal_ = why;
    return false;
  }

  // The parser has checked that it is a number.
  bool number(std::string_view text) {
    const char* const end = text.data() + text.size();
    if (text.find_first_of(".eE") == std::string_view::npos) {
      if (std::uint64_t value = 0; std::from_chars(text.data(), end, value).ec == std::errc()) {
        return value <= INT64_MAX ? document_.Int64(static_cast<std::int64_t>(value)) : document_.Uint64(value);
      }
      if (std::int64_t value = 0; std::from_chars(text.data(), end, value).ec == std::errc()) {
        return document_.Int64(value);
      }
    }
    double value = 0;
    if (std::from_chars(text.data(), end, value).ec != std::errc()) {
      value = std::strtod(std::string(text).c_str(), nullptr);  // tells too small from too large
    }
    return std::isfinite(value) ? document_.Double(value) : refuse("Number too big to be stored in double.");
  }

  Document& document_;
  bool numbers_are_text_;
  int depth_ = 0;
  const char* refusal_ = nullptr;
};

template <unsigned flags, class Stream>
std::optional<Fault> read(Stream& stream, Document& document, bool numbers_are_text = false) {
  std::optional<Fault> fault;
  const auto generate = [&](Document& to) {
    Guard guard(to, numbers_are_text);
    rapidjson::Reader reader;
    const rapidjson::ParseResult parsed = reader.Parse<flags | rapidjson::kParseNumbersAsStringsFlag>(stream, guard);
    if (!parsed.IsError()) return true;
    const char* const why = guard.refusal() != nullptr ? guard.refusal() : rapidjson::GetParseError_En(parsed.Code());
    fault = Fault{why, parsed.Offset() + 1};
    return false;
  };
  document.SetNull();
  document.Populate(generate);
  return fault;
}

// What must not get to the parser. It could check UTF-8 itself, but in place it reads on behind the NUL when that
// stands in the middle of a character.
std::optional<Fault> unfit(std::string_view text, Utf8 utf8) {
  if (text.size() > longest) return Fault{"More than 256 MiB.", longest + 1};
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) return Fault{"A NUL byte; write it as \\u0000.", nul + 1};
  const std::size_t bad = utf8 == Utf8::checked ? first_bad_byte(text) : std::string_view::npos;
  if (bad != std::string_view::npos) return Fault{"Not UTF-8.", bad + 1};
  return std::nullopt;
}

}  // namespace

std::optional<Fault> parse(std::string_view text, Document& document, Utf8 utf8) {
  if (auto fault = unfit(text, utf8)) return document.SetNull(), fault;
  rapidjson::MemoryStream stream(text.data(), text.size());
  return read<rapidjson::kParseNoFlags>(stream, document);
}

std::optional<Fault> parse_in_place(std::span<char> text, Document& document) {
  if (auto fault = unfit({text.data(), text.size()}, Utf8::checked)) return document.SetNull(), fault;
  rapidjson::InsituStringStream stream(text.data());
  return read<rapidjson::kParseInsituFlag>(stream, document);
}

std::optional<Fault> parse_first(std::string_view text, Document& document) {
  if (text.size() > longest) return document.SetNull(), Fault{"More than 256 MiB.", longest + 1};
  rapidjson::MemoryStream stream(text.data(), text.size());
  return read<rapidjson::kParseStopWhenDoneFlag>(stream, document, true);
}

std::optional<Fault> rewrite(std::string_view text, std::string& plain) {
  Document document;
  if (auto fault = parse(text, document)) return fault;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  plain.assign(buffer.GetString(), buffer.GetSize());
  return std::nullopt;
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return {};
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

std::int64_t number_of(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return 0;
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsInt64() ? found->value.GetInt64() : 0;
}

}  // namespace kclhost::host::json
