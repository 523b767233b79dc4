// The lines of dead-letter files.
#include <string>

#include "require.hpp"
#include "store/dead_letter_line.hpp"

namespace {

std::string rewrite(const kclhost::host::store::ParsedLetter& letter) {
  std::string line;
  kclhost::host::store::append_dead_letter(line, letter.letter(), letter.origin);
  kclhost::host::fuzz::require(line.find('\n') == line.size() - 1);
  line.pop_back();
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const std::string_view line = fuzz::text_of(data, size);
  const auto letter = store::parse_dead_letter(line);
  if (!letter) {
    fuzz::require_one_line(letter.error());
    return 0;
  }
  // What is written back reads as the same letter, but for bytes that are not UTF-8, which become U+FFFD.
  const std::string written = rewrite(*letter);
  const auto again = store::parse_dead_letter(written);
  fuzz::require(static_cast<bool>(again));
  fuzz::require(again->data == letter->data && again->attempts == letter->attempts &&
                again->sub_sequence_number == letter->sub_sequence_number && again->arrival_ms == letter->arrival_ms);
  const std::string rewritten = rewrite(*again);
  const auto third = store::parse_dead_letter(rewritten);
  fuzz::require(third && rewrite(*third) == rewritten);
  return 0;
}
