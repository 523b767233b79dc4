#include "support/excerpt.hpp"

#include <cstdio>

namespace kclhost::host {

std::string excerpt(std::string_view bytes, std::size_t most) {
  std::string text;
  for (const unsigned char byte : bytes.substr(0, most)) {
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      text += static_cast<char>(byte);
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      text += hex;
    }
  }
  if (bytes.size() > most) text += "...";
  return text;
}

}  // namespace kclhost::host
