// What the characters of base64 stand for, as the kernels look it up.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace kclhost::host {

constexpr unsigned char no_base64_value = 0x80;

// By a character's code, of seven bits: its value, or no_base64_value.
constexpr auto base64_values = [] {
  std::array<unsigned char, 128> values{};
  values.fill(no_base64_value);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<unsigned char>(i);
  }
  return values;
}();

}  // namespace kclhost::host
