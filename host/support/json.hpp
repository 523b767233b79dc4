// JSON from outside, read with RapidJSON in a way that no text can turn into harm. The standard library converts the
// numbers, because RapidJSON 1.1.0 looks outside of its table for some of them (CVE-2024-38517); nesting has a limit,
// because the parser calls itself; a NUL byte is an error, because the parser takes it for the end.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kclhost::host::json {

inline constexpr int deepest = 100;  // objects and arrays, one inside the other

inline constexpr std::size_t longest = 256u << 20;  // bytes; RapidJSON counts in ints and 32 bits here and there

// What is wrong with a text, and at which byte of it, from 1.
struct Fault {
  std::string what;
  std::size_t byte;

  std::string str() const { return what + " (at byte " + std::to_string(byte) + ")"; }
};

enum class Utf8 { unchecked, checked };

// Reads `text`, which must be one JSON value, into `document`. A number that a double can't hold is a fault; whole
// numbers that fit 64 bits are whole numbers in the document. With a fault the document is null.
std::optional<Fault> parse(std::string_view text, rapidjson::Document& document, Utf8 utf8 = Utf8::unchecked);

// The same, but the document's strings lie in `text`, which is overwritten, and which a NUL must follow. Checks UTF-8.
std::optional<Fault> parse_in_place(std::span<char> text, rapidjson::Document& document);

// Reads the value that `text` begins with, and overlooks what follows. Numbers become strings, as they are written.
std::optional<Fault> parse_first(std::string_view text, rapidjson::Document& document);

// Reads `text` as parse() does and writes its value to `plain`, for a library that has to parse for itself and must not
// be given the text as it came.
std::optional<Fault> rewrite(std::string_view text, std::string& plain);

// A member of an object; what is not there, or of another kind, is empty or zero.
std::string text_of(const rapidjson::Value& object, const char* name);
std::int64_t number_of(const rapidjson::Value& object, const char* name);

}  // namespace kclhost::host::json
