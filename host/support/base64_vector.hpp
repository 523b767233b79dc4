// Base64 by the processor's vectors, where it has them.
#pragma once

#include <cstddef>

namespace kclhost {

// Decodes the front of `text` over itself, as far as there is no byte outside of the alphabet, and says how many
// characters that were: all of them, or a multiple of 4, and then the text behind these is as it was. `size` is without
// the padding, which must stand there. 0 on a processor without the instructions (AVX2), and for a few characters.
std::size_t decode_base64_vectors(char* text, std::size_t size);

}  // namespace kclhost
