// JSON text, written from its beginning to its end.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "support/json_string.hpp"

namespace kclhost::host {

// Puts the commas. Whoever uses it opens and closes in order, and gives each member of an object a key.
class JsonOut {
 public:
  JsonOut& open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  JsonOut& close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  JsonOut& key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_ += ':';
    first_ = true;
    return *this;
  }
  JsonOut& value(std::string_view text) {
    separate();
    append_json_string(text_, text);
    return *this;
  }
  JsonOut& value(const char* text) { return value(std::string_view(text)); }
  JsonOut& value(const std::string& text) { return value(std::string_view(text)); }
  JsonOut& value(bool truth) {
    separate();
    text_ += truth ? "true" : "false";
    return *this;
  }
  // Numbers must be finite.
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) JsonOut& value(Number number) {
    separate();
    char digits[32];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    return *this;
  }
  JsonOut& null() {
    separate();
    text_ += "null";
    return *this;
  }
  template <class Value>
  JsonOut& member(std::string_view name, const Value& what) {
    return key(name).value(what);
  }

  std::size_t size() const { return text_.size(); }
  std::string take() { return std::move(text_); }

 private:
  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace kclhost::host
