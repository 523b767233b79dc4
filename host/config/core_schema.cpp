#include "config/core_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "config/digits.hpp"

namespace kclhost::host::config {
namespace {

bool one_of(std::string_view text, std::string_view a, std::string_view b, std::string_view c) {
  return text == a || text == b || text == c;
}

std::string_view unsigned_part(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return text;
}

// The base of 0o… and 0x…, 0 for other text.
int prefixed_base(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return 0;
  const std::string_view digits = text.substr(2);
  if (text[1] == 'o')
    return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; }) ? 8 : 0;
  if (text[1] != 'x') return 0;
  const auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return std::all_of(digits.begin(), digits.end(), hex) ? 16 : 0;
}

// A decimal number's parts: digits, maybe a point and digits, maybe an exponent.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  // with its e, "" for none
  bool point = false;
};

std::optional<Decimal> decimal(std::string_view text) {
  std::string_view rest = unsigned_part(text);
  Decimal number;
  number.whole = take_digits(rest);
  if (!rest.empty() && rest.front() == '.') {
    number.point = true;
    rest.remove_prefix(1);
    number.fraction = take_digits(rest);
  }
  if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
  if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
    number.exponent = rest;
    rest = unsigned_part(rest.substr(1));
    if (take_digits(rest).empty()) return std::nullopt;
  }
  return rest.empty() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<bool> core_boolean(std::string_view text) {
  if (one_of(text, "true", "True", "TRUE")) return true;
  if (one_of(text, "false", "False", "FALSE")) return false;
  return std::nullopt;
}

ScalarType core_type(std::string_view text) {
  if (text.empty() || text == "~" || one_of(text, "null", "Null", "NULL")) return ScalarType::null;
  if (core_boolean(text)) return ScalarType::boolean;
  if (prefixed_base(text) != 0) return ScalarType::integer;
  if (const auto number = decimal(text))
    return number->point || !number->exponent.empty() ? ScalarType::floating : ScalarType::integer;
  if (one_of(unsigned_part(text), ".inf", ".Inf", ".INF") || one_of(text, ".nan", ".NaN", ".NAN"))
    return ScalarType::not_finite;
  return ScalarType::string;
}

std::optional<std::string> json_number(std::string_view text) {
  if (const int base = prefixed_base(text); base != 0) {
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data() + 2, text.data() + text.size(), value, base);
    return result.ec == std::errc{} ? std::optional(std::to_string(value)) : std::nullopt;
  }
  const auto number = decimal(text);
  if (!number) return std::nullopt;
  std::string_view whole = number->whole;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  const bool integer = !number->point && number->exponent.empty();
  std::string json;
  if (text.front() == '-' && !(integer && whole == "0")) json += '-';
  json += whole.empty() ? "0" : whole;
  if (number->point) (json += '.') += number->fraction.empty() ? "0" : number->fraction;
  json += number->exponent;
  return json;
}

}  // namespace kclhost::host::config
