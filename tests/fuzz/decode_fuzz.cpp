#include <cstddef>
#include <cstdint>

#include "decode_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kclhost::host::fuzz::decode_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
