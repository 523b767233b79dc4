#include "protocol/line_parser.hpp"

// Not with RAPIDJSON_SSE2: control characters in a string would then be let through or not by where in memory they lie.
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>

#include "protocol/message.hpp"
#include "support/excerpt.hpp"

namespace kclhost::host::protocol {
namespace {

// Numbers arrive as text: RapidJSON 1.1.0 looks outside of its table for some that it converts (CVE-2024-38517).
constexpr unsigned in_place = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;

}  // namespace

template <unsigned flags>
bool LineParser::parse() {
  rapidjson::InsituStringStream stream(line_.data());
  stream.src_ = at;
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler_);
  at = line_.data() + stream.Tell();
  if (!parsed.IsError()) return true;
  at = line_.data() + parsed.Offset();
  if (handler_.what() != nullptr) return fail(handler_.what());
  const bool within = (flags & rapidjson::kParseStopWhenDoneFlag) != 0;
  return fail(rapidjson::GetParseError_En(within && parsed.Code() == rapidjson::kParseErrorDocumentEmpty
                                              ? rapidjson::kParseErrorValueInvalid
                                              : parsed.Code()));
}

bool LineParser::value() {
  return parse<in_place | rapidjson::kParseStopWhenDoneFlag>();
}

bool LineParser::rest() {
  // What a message that is not whole began with is shown, and its strings are decoded in place.
  std::array<char, 64> begin;
  const auto begin_end = std::copy_n(line_.begin(), std::min(begin.size(), line_.size()), begin.begin());
  if (!parse<in_place>()) return false;
  // The parser takes a NUL for the line's end.
  if (at != line_.data() + line_.size()) return fail("a NUL byte");
  if (handler_.complete()) return true;
  std::copy(begin.begin(), begin_end, line_.begin());
  at = line_.data();
  return fail(handler_.what());
}

bool LineParser::fail_array() {
  return fail(rapidjson::GetParseError_En(rapidjson::kParseErrorArrayMissCommaOrSquareBracket));
}
bool LineParser::fail_object() {
  return fail(rapidjson::GetParseError_En(rapidjson::kParseErrorObjectMissCommaOrCurlyBracket));
}
bool LineParser::fail_name() {
  return fail(rapidjson::GetParseError_En(rapidjson::kParseErrorObjectMissName));
}

bool LineParser::fail(std::string_view why) {
  const std::size_t offset = std::min(static_cast<std::size_t>(at - line_.data()), line_.size());
  const std::span<char> rest = line_.subspan(offset);
  error_ = std::string(why) + " at byte " + std::to_string(before_ + offset + 1) + " of " +
           std::to_string(before_ + line_.size()) + ", near \"" + excerpt({rest.data(), rest.size()}) + "\"";
  return false;
}

Result<Message> decode(std::span<char> line) {
  line.data()[line.size()] = '\0';
  Message message;
  MessageHandler handler(message, nullptr);
  LineParser parser(handler, line);
  if (!parser.rest()) return Error{parser.error()};
  return message;
}

}  // namespace kclhost::host::protocol
