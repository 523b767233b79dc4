// Everything that is random in a world, from one seed; the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kclhost::host::simulation {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  bool operator()(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  // Both included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(below(most - least + 1));
  }

 private:
  std::uint64_t state_;
};

}  // namespace kclhost::host::simulation
