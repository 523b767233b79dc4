// Gives a decoder a line as it may come out of a pipe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "protocol/batch_decoder.hpp"

namespace kclhost::host::test {

// Each piece is as long as next_size() says. What the decoder is given lies in memory of its own that is just large
// enough, so that a sanitizer sees a step too far.
template <class NextSize>
Result<protocol::Message> decode_in_pieces(protocol::BatchDecoder& decoder, std::string_view line,
                                           NextSize&& next_size) {
  std::vector<char> left;
  for (;;) {
    const std::size_t piece = std::min<std::size_t>(next_size(), line.size());
    std::vector<char> window(left);
    window.insert(window.end(), line.begin(), line.begin() + static_cast<std::ptrdiff_t>(piece));
    line.remove_prefix(piece);
    const std::size_t size = window.size();
    window.resize(size + protocol::BatchDecoder::overread, 'x');
    if (line.empty()) return decoder.decode({window.data(), size});
    const std::size_t taken = decoder.arrived({window.data(), size});
    left.assign(window.begin() + static_cast<std::ptrdiff_t>(taken),
                window.begin() + static_cast<std::ptrdiff_t>(size));
  }
}

inline Result<protocol::Message> decode_at_once(protocol::BatchDecoder& decoder, std::string_view line) {
  return decode_in_pieces(decoder, line, [&] { return line.size(); });
}

}  // namespace kclhost::host::test
