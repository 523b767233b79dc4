// A request's headers, whose values may be secrets: what is thrown here has none of them.
#pragma once

#include <kclhost/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace http_forwarder {

struct Header {
  std::string name;
  std::string value;  // before what is in the file; all of it where there is no file
  std::string file;   // empty: none
};

// plugin.config.headers. Throws std::invalid_argument.
std::vector<Header> parse_headers(const kclhost::Config& headers);

bool has_header(const std::vector<Header>& headers, std::string_view name);

// As it stands in a request: "NAME: VALUE". Reads the file anew. Throws std::runtime_error where that can't be done, or
// where it holds what no header may hold.
std::string line_of(const Header& header);

}  // namespace http_forwarder
