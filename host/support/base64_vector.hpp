// Base64 by the processor's vectors.
#pragma once

#include <cstddef>

namespace kclhost {

// Whether the processor has them (AVX2). The other function must not be called where it has not.
bool has_base64_vectors();

// Decodes the text up to the first character that is none of the alphabet, and says where that is; what is missing to
// four of them counts as no bits. 31 bytes behind that character must be readable, 32 behind the result may be written
// to.
const char* decode_base64_vectors(const char* text, char* to);

}  // namespace kclhost
