// Lines as the daemon sends them, to measure with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "replay/daemon_lines.hpp"
#include "support/base64.hpp"

namespace kclhost::host::bench {

inline std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// A processRecords without its newline.
inline std::string batch_line(std::size_t records, std::size_t record_size) {
  std::string line, base64;
  replay::begin_batch(line);
  for (std::size_t i = 0; i < records; ++i) {
    base64.clear();
    base64::encode(random_bytes(record_size, static_cast<unsigned>(i)), base64);
    const std::string key = "key-" + std::to_string(i);
    std::string number = std::to_string(i);
    number.insert(0, "49590338271490256608559692538361571095921575989136588898", 56 - number.size());
    replay::append_record({.base64 = base64,
                           .partition_key = key,
                           .sequence_number = number,
                           .timestamp = 1'700'000'000'000 + static_cast<std::int64_t>(i)},
                          i == 0, line);
  }
  replay::end_batch(0, line);
  line.pop_back();
  return line;
}

}  // namespace kclhost::host::bench
