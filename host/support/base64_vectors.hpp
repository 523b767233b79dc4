// Base64 by the processor's vectors: the kernels of base64_decode.hpp.
#pragma once

namespace kclhost::host {

#if defined(__x86_64__)
const char* decode_base64_avx2(const char* text, char* to);
const char* decode_base64_avx512(const char* text, char* to);  // VBMI
#elif defined(__aarch64__)
const char* decode_base64_neon(const char* text, char* to);
#endif

}  // namespace kclhost::host
