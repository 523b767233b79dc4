// What the processor can do, for the functions that come in several versions.
#pragma once

#if defined(__x86_64__)
#if __has_include(<sys/platform/x86.h>) && !defined(__clang__)  // which does not take the header's _Bool for C++
#include <sys/platform/x86.h>
#endif

namespace kclhost::host {

// The C library has asked the processor at the program's start. To ask again, as the compiler's __builtin_cpu_supports
// does before main, takes a tenth of a millisecond on a virtual machine.
#if defined(CPU_FEATURE_ACTIVE)
inline bool has_avx2() {
  return CPU_FEATURE_ACTIVE(AVX2);
}
inline bool has_avx512_vbmi() {
  return CPU_FEATURE_ACTIVE(AVX512BW) && CPU_FEATURE_ACTIVE(AVX512_VBMI);
}
#else
inline bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0;
}
inline bool has_avx512_vbmi() {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi") != 0;
}
#endif

}  // namespace kclhost::host
#endif
