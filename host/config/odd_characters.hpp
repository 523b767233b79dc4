// Characters that look like others, or like nothing: no-break spaces, zero-width ones, typographic quotes. They come
// from word processors and web pages, and nobody sees why the line is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::config {

struct OddCharacter {
  std::size_t offset;  // in bytes
  std::string name;    // "a no-break space (U+00A0)"
  std::string_view cure;
  bool quote;  // it can be meant where it stands between letters
};

// The first one in UTF-8 text.
std::optional<OddCharacter> find_odd_character(std::string_view text);

// The first one that can't be meant in a name, a path or a number: an invisible one anywhere, a quote at either end.
std::optional<OddCharacter> find_misplaced_character(std::string_view text);

// Why a text can't be a value of kclhost's or the daemon's, for its characters: "has … in it"; "" when it can.
std::string objection_to_characters(std::string_view text);

}  // namespace kclhost::host::config
