#include "project/name.hpp"

#include <algorithm>
#include <array>

namespace kclhost::host::project {
namespace {

constexpr std::size_t longest = 64;

// CMake's own targets, Rust's own crates, a library of the C library's, and kclhost's.
constexpr std::array<std::string_view, 17> reserved = {
    "all",     "alloc",   "clean",          "core",       "depend",        "dl",   "edit_cache", "help", "install",
    "kclhost", "package", "package_source", "preinstall", "rebuild_cache", "self", "std",        "test"};

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_reserved(std::string_view name) {
  return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

bool is_good(std::string_view name) {
  return !name.empty() && name.size() <= longest && is_lower(name[0]) && !is_reserved(name) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

// What the name may have been meant to be.
std::string good_name(std::string_view name) {
  std::string good;
  for (const char c : name.substr(0, longest)) {
    const char last = good.empty() ? '_' : good.back();
    if (is_upper(c)) {
      if (!good.empty() && is_lower(last)) good += '_';
      good += static_cast<char>(c - 'A' + 'a');
    } else if (is_lower(c) || (is_digit(c) && !good.empty())) {
      good += c;
    } else if (last != '_') {
      good += '_';
    }
  }
  while (!good.empty() && good.back() == '_') good.pop_back();
  return is_reserved(good) ? "my_" + good : good;
}

}  // namespace

std::optional<std::string> what_is_wrong_with_name(std::string_view name) {
  if (is_good(name)) return std::nullopt;
  std::string text = "no plugin can be called '" + std::string(name) + "': ";
  if (is_reserved(name)) {
    text += "CMake, Rust or kclhost has something of that name";
  } else if (name.size() > longest) {
    text += "a name has at most " + std::to_string(longest) + " characters";
  } else {
    text += "a name has lower-case letters, digits and underscores, and begins with a letter";
  }
  const std::string good = good_name(name);
  return is_good(good) ? text + "; " + good + " would do" : text;
}

std::string class_name(std::string_view name) {
  std::string made;
  bool begins = true;
  for (const char c : name) {
    if (c != '_') made += begins ? upper(c) : c;
    begins = c == '_';
  }
  return made;
}

std::string application_name(std::string_view name) {
  return std::string(name) + (name.size() < 3 ? "-app" : "");
}

}  // namespace kclhost::host::project
