// Between the C structs of kclhost/plugin.h and C++. No part of the interface.
#ifndef KCLHOST_DETAIL_VIEWS_HPP
#define KCLHOST_DETAIL_VIEWS_HPP

#include <kclhost/plugin.h>

#include <cstddef>
#include <string_view>

namespace kclhost::detail {

inline std::string_view view(const kclhost_string& text) noexcept {
  return {text.data, text.size};
}

constexpr kclhost_string text(std::string_view view) noexcept {
  return {view.data(), view.size()};
}

// Whether a table or struct from the other side is long enough to have this member.
template <class Struct, class Member>
bool reaches(const Struct& object, const Member& member) noexcept {
  const auto end = reinterpret_cast<const char*>(&member + 1) - reinterpret_cast<const char*>(&object);
  return object.struct_size >= static_cast<std::size_t>(end);
}

inline kclhost_error no_error() noexcept {
  kclhost_error error{};
  error.struct_size = sizeof error;
  return error;
}

}  // namespace kclhost::detail

#endif  // KCLHOST_DETAIL_VIEWS_HPP
