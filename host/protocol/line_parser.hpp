// Reads a line, or what is left of one, with RapidJSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "protocol/message_handler.hpp"

namespace kclhost::host::protocol {

// Where the reading of a line stands, and what is wrong with it. A NUL must end the line.
class LineParser {
 public:
  // `line` may be what is left of it behind the first `before` bytes.
  LineParser(MessageHandler& handler, std::span<char> line, std::size_t before = 0)
      : at(line.data()), handler_(handler), line_(line), before_(before) {}

  // Reads the value that begins at `at`.
  bool value();
  // Reads the object that begins at `at` and ends with the line; the message must be whole then.
  bool rest();
  void skip_blanks() {
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') ++at;
  }

  // Refuses what stands at `at`; always false.
  bool fail(std::string_view why);
  bool fail_array();   // neither a comma nor a bracket
  bool fail_object();  // neither a comma nor a brace
  bool fail_name();    // no member's name
  // Why one of these was false, naming the byte and showing what stands there.
  const std::string& error() const { return error_; }

  char* at;

 private:
  template <unsigned flags>
  bool parse();

  MessageHandler& handler_;
  std::span<char> line_;
  std::size_t before_;
  std::string error_;
};

}  // namespace kclhost::host::protocol
