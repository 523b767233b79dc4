#include "import/java_properties.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kclhost::host::importing {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// Java's text is UTF-16, and so are its escapes: a code point can take two of them. Half of one becomes U+FFFD.
class Text {
 public:
  void add(char32_t unit) {
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (high_ != 0 && low) {
      append_utf8(text_, 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00));
      high_ = 0;
      return;
    }
    flush();
    if (unit >= 0xD800 && unit <= 0xDBFF)
      high_ = unit;
    else
      append_utf8(text_, low ? 0xFFFD : unit);
  }
  std::string take() {
    flush();
    return std::move(text_);
  }

 private:
  void flush() {
    if (high_ != 0) append_utf8(text_, 0xFFFD);
    high_ = 0;
  }

  std::string text_;
  char32_t high_ = 0;
};

// A part of a logical line with its escapes replaced; nothing for a malformed \uXXXX.
std::optional<std::string> unescaped(std::string_view raw) {
  Text text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      text.add(static_cast<unsigned char>(raw[i]));
      continue;
    }
    const char c = raw[++i];
    if (c == 'u') {
      unsigned unit = 0;
      const std::string_view digits = raw.substr(i + 1, 4);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
      if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) return std::nullopt;
      text.add(unit);
      i += 4;
    } else {
      text.add(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : static_cast<unsigned char>(c));
    }
  }
  return text.take();
}

// Takes natural lines off the bytes and puts those that a backslash continues together.
class Lines {
 public:
  explicit Lines(std::string_view bytes) : rest_(bytes) {}

  // False at the end. The line is without leading blanks and without comments; its escapes stay.
  bool next(std::string& line, int& number) {
    line.clear();
    bool continued = false;
    while (continued || !rest_.empty()) {
      if (!continued) number = number_;
      std::string_view natural = take_natural();
      natural.remove_prefix(std::min(
          static_cast<std::size_t>(std::find_if_not(natural.begin(), natural.end(), is_blank) - natural.begin()),
          natural.size()));
      if (!continued && (natural.empty() || natural[0] == '#' || natural[0] == '!')) continue;
      const std::size_t last = natural.find_last_not_of('\\');
      const std::size_t backslashes = natural.size() - (last == std::string_view::npos ? 0 : last + 1);
      continued = backslashes % 2 == 1;
      if (continued) natural.remove_suffix(1);
      line += natural;
      if (!continued) return true;
      if (rest_.empty()) return true;
    }
    return false;
  }

 private:
  std::string_view take_natural() {
    const std::size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    const bool both = rest_.substr(end).starts_with("\r\n");
    rest_.remove_prefix(std::min(end + (both ? 2 : 1), rest_.size()));
    ++number_;
    return line;
  }

  std::string_view rest_;
  int number_ = 1;
};

// Where the key of a logical line ends.
std::size_t end_of_key(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (is_blank(line[i]) || line[i] == '=' || line[i] == ':')
      return i;
  }
  return line.size();
}

}  // namespace

Result<std::vector<Property>> read_properties(std::string_view bytes) {
  std::vector<Property> properties;
  Lines lines(bytes);
  int number = 1;
  for (std::string line; lines.next(line, number);) {
    const std::size_t end = end_of_key(line);
    std::string_view value = std::string_view(line).substr(end);
    const auto skip_blanks = [&value] {
      while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    };
    skip_blanks();
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) value.remove_prefix(1);
    skip_blanks();
    auto key_text = unescaped(std::string_view(line).substr(0, end));
    auto value_text = unescaped(value);
    if (!key_text || !value_text)
      return Error{std::to_string(number) + ": a \\u needs four hexadecimal digits behind it; Java refuses this file"};
    properties.push_back({std::move(*key_text), std::move(*value_text), number});
  }
  return properties;
}

}  // namespace kclhost::host::importing
