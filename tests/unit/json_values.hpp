// JSON that has made parsers crash.
#pragma once

#include <string>
#include <vector>

namespace kclhost::host::test {

// Numbers whose exponent, together with their fraction, leaves what an int holds (CVE-2024-38517), and their kin.
inline std::vector<std::string> harmful_numbers() {
  const std::string zeros(400, '0');
  return {"0." + zeros + "1e-2147483639",
          "-0." + zeros + "1E-2147483647",
          "0." + zeros + "1e-99999999999999999999",
          "1" + zeros + "e-2147483639",
          "1e-2147483639",
          "1e99999999999999999999",
          "1" + zeros + "." + zeros,
          "0." + zeros + "1e2147483647"};
}

// Arrays inside arrays, deep enough to use up a stack.
inline std::string nested_arrays(std::size_t levels = 200'000) {
  return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace kclhost::host::test
