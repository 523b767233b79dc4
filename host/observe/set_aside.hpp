// The records that `kclhost run` set aside, and how it tells `kclhost replay` of them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::observe {

struct SetAside {
  std::uint64_t dead_letters = 0;
  std::uint64_t skipped = 0;

  // A line, and back. None of what is no such line.
  std::string line() const { return std::to_string(dead_letters) + " " + std::to_string(skipped) + "\n"; }

  static std::optional<SetAside> parse(std::string_view line) {
    SetAside aside;
    const char* const end = line.data() + line.size();
    const auto letters = std::from_chars(line.data(), end, aside.dead_letters);
    if (letters.ec != std::errc() || letters.ptr == end || *letters.ptr != ' ') return std::nullopt;
    const auto skipped = std::from_chars(letters.ptr + 1, end, aside.skipped);
    if (skipped.ec != std::errc() || skipped.ptr == end || *skipped.ptr != '\n') return std::nullopt;
    return aside;
  }
};

}  // namespace kclhost::host::observe
