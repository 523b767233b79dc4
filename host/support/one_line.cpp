#include "support/one_line.hpp"

#include <algorithm>

#include "support/utf8.hpp"

namespace kclhost::host {
namespace {

bool is_c0(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

// U+0080 to U+009F are two bytes each.
bool is_c1(char c, char next) {
  return c == '\xc2' && static_cast<unsigned char>(next) < 0xa0;
}

void append_characters(std::string& out, std::string_view text, Tabs tabs) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '\t') {
      out += tabs == Tabs::kept ? "\t" : "\\t";
    } else if (is_c0(text[i])) {
      out += '?';
    } else if (i + 1 < text.size() && is_c1(text[i], text[i + 1])) {
      out += '?';
      ++i;
    } else {
      out += text[i];
    }
  }
}

}  // namespace

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_c0) &&
         std::adjacent_find(text.begin(), text.end(), is_c1) == text.end() &&
         first_bad_byte(text) == std::string_view::npos;
}

void append_one_line(std::string& out, std::string_view text, Tabs tabs) {
  while (!text.empty()) {
    const std::size_t good = std::min(first_bad_byte(text), text.size());
    append_characters(out, text.substr(0, good), tabs);
    if (good < text.size()) out += '?';
    text.remove_prefix(std::min(good + 1, text.size()));
  }
}

std::string one_line(std::string_view text) {
  std::string line;
  append_one_line(line, text);
  return line;
}

}  // namespace kclhost::host
