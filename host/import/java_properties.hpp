// Reading what java.util.Properties reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::importing {

struct Property {
  std::string key, value;  // UTF-8
  int line = 1;            // where it begins, from 1
};

// The properties of a file's bytes, in its order, as java.util.Properties.load(InputStream) has them: ISO 8859-1,
// \uXXXX and other escapes, continued lines, = or : or a blank behind a key. A key that comes twice is there twice. The
// error begins with the line: "3: …".
Result<std::vector<Property>> read_properties(std::string_view bytes);

}  // namespace kclhost::host::importing
