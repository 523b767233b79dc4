#include "config/expansion.hpp"

#include <algorithm>
#include <cstdlib>

#include "support/utf8.hpp"

namespace kclhost::host::config {
namespace {

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto tail = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), tail);
}

// The brace that closes the one at `open`; npos when none does.
std::size_t closing_brace(std::string_view text, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

// Whether a brace in the text is open at its end.
bool opens_brace(std::string_view text) {
  std::size_t depth = 0;
  for (const char c : text) {
    if (c == '{') ++depth;
    if (c == '}' && depth > 0) --depth;
  }
  return depth > 0;
}

// Where the nth "${" of a scalar stands in the file. Quoting and folding move text, but keep these in order.
Position place(const Node& scalar, std::string_view source, std::size_t nth) {
  std::size_t at = 0;
  for (int line = 1; line < scalar.position.line && at != std::string_view::npos; ++line) {
    const std::size_t end = source.find('\n', at);
    at = end == std::string_view::npos ? end : end + 1;
  }
  if (at == std::string_view::npos) return scalar.position;
  at = source.find("${", at + static_cast<std::size_t>(scalar.position.column - 1));
  for (; nth > 0 && at != std::string_view::npos; --nth) at = source.find("${", at + 2);
  if (at == std::string_view::npos) return scalar.position;
  const std::string_view before = source.substr(0, at);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  return {static_cast<int>(lines) + 1, static_cast<int>(at - (before.rfind('\n') + 1)) + 1};
}

}  // namespace

std::string expand(const Node& scalar, const std::string& source, const Report& report) {
  const std::string_view text = scalar.text;
  std::string expanded;
  std::size_t references = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$' || i + 1 == text.size() || (text[i + 1] != '$' && text[i + 1] != '{')) {
      expanded += text[i++];
      continue;
    }
    if (text[i + 1] == '$') {
      if (text.substr(i + 2, 1) == "{") ++references;  // "$${" has a "${" in the file too
      expanded += '$';
      i += 2;
      continue;
    }
    const std::size_t nth = references++;
    const auto fail = [&](const std::string& message) { report(place(scalar, source, nth), message); };
    const std::size_t end = closing_brace(text, i + 1);
    if (end == std::string_view::npos) {
      fail("'${' without its '}' (braces in a default come in pairs); write $${ if it is no variable");
      return expanded;
    }
    const std::string_view reference = text.substr(i + 2, end - i - 2);
    const std::size_t separator = reference.find(":-");
    const std::string name(reference.substr(0, separator));
    i = end + 1;
    if (separator != std::string_view::npos && text.substr(i, 1) == "}" && !opens_brace(expanded)) {
      fail("'${" + std::string(reference) +
           "}' is followed by a '}' without its '{'; braces in a default come in pairs");
      return expanded;
    }
    if (!is_name(name) || reference.find("${") != std::string_view::npos) {
      fail("'${" + std::string(reference) +
           "}' is neither ${NAME} nor ${NAME:-default}; write $${ if it is no variable");
      references += static_cast<std::size_t>(reference.find("${") != std::string_view::npos);
      continue;
    }
    const char* const variable = std::getenv(name.c_str());
    const std::string_view value = variable != nullptr ? variable : "";
    if (first_bad_byte(value) != std::string_view::npos) {
      fail("the environment variable " + name + " is not UTF-8 text");
    } else if (separator != std::string_view::npos && value.empty()) {
      expanded += reference.substr(separator + 2);
    } else if (variable == nullptr) {
      fail("the environment variable " + name + " is not set; set it, or write ${" + name + ":-default}");
    } else {
      expanded += value;
    }
  }
  return expanded;
}

}  // namespace kclhost::host::config
