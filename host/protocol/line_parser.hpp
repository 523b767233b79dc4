// Reads a line, or what is left of one, with RapidJSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/message_handler.hpp"

namespace kclhost::protocol {

// Where the reading of a line stands, and what is wrong with it. A NUL must end the line.
class LineParser {
 public:
  LineParser(MessageHandler& handler, char* line, std::size_t size)
      : at(line), handler_(handler), line_(line), size_(size) {}

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
  char* line_;
  std::size_t size_;
  std::string error_;
};

}  // namespace kclhost::protocol
