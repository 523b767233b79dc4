// Records as a request's body.
#pragma once

#include <kclhost/record.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "options.hpp"

namespace http_forwarder {

// What a body has of a record. Empty: its data should be JSON, and is none.
std::optional<std::string> part_of(const kclhost::Record& record, Format format, Content content);

// Puts parts together, one after the other.
class Body {
 public:
  explicit Body(Format format) : format_(format) {}
  void add(std::string_view part);
  // All of it; nothing may be added then.
  std::string take();

 private:
  const Format format_;
  std::string text_;
};

}  // namespace http_forwarder
