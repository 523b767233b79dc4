// The layout of the ABI's structs as a compiler sees one version of the header. layout.cpp is compiled once per
// version.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

struct Field {
  std::string name;  // struct.member
  std::size_t offset;
  std::size_t size;
  std::string type;  // as the compiler spells it
};

struct Struct {
  std::string name;
  std::size_t size;
  std::size_t alignment;
  std::vector<Field> fields;  // in the header's order
};

struct Constant {
  std::string name;
  long long value;
};

struct Layout {
  std::vector<Struct> structs;
  std::vector<Constant> constants;
};

namespace v1_0 {
Layout layout();
}
namespace current {
Layout layout();
}
