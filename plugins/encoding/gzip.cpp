#include "gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>

namespace encoding {

std::string gzipped(std::string_view content) {
  constexpr int with_gzip_header = 16 + MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  const struct End {
    z_stream& stream;
    ~End() { deflateEnd(&stream); }
  } end{stream};

  constexpr std::size_t at_once = std::numeric_limits<uInt>::max();  // it counts in 32 bits
  std::string result;
  std::size_t written = 0;
  int done = Z_OK;
  while (done != Z_STREAM_END) {
    const auto input = static_cast<uInt>(std::min(content.size(), at_once));
    if (written == result.size())
      result.resize(written + std::max<std::size_t>(std::size_t{1} << 16, content.size() / 4));
    const auto room = static_cast<uInt>(std::min(result.size() - written, at_once));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = input;
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + written);
    stream.avail_out = room;
    done = deflate(&stream, input == content.size() ? Z_FINISH : Z_NO_FLUSH);
    content.remove_prefix(input - stream.avail_in);
    written += room - stream.avail_out;
  }
  result.resize(written);
  return result;
}

}  // namespace encoding
