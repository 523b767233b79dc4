#include "support/file_name.hpp"

#include <cstdio>

namespace kclhost::host {

std::string file_name(std::string_view text) {
  std::string name;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || (c == '.' && !name.empty());
    if (plain) {
      name += static_cast<char>(c);
    } else {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02X", c);
      name += escape;
    }
  }
  return name.empty() ? "_" : name;
}

}  // namespace kclhost::host
