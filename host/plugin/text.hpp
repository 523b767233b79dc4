// Text that crosses to a plugin and back.
#pragma once

#include <kclhost/plugin.h>

#include <string_view>

namespace kclhost::host {

inline kclhost_string string_of(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace kclhost::host
