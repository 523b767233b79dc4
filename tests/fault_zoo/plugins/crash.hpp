#pragma once

// A write to address 8. The compiler must not see that it is none.
inline void crash() {
  int* volatile nowhere = reinterpret_cast<int*>(8);
  *nowhere = 1;
}
