#include "worker/last_words.hpp"

#include <algorithm>

namespace kclhost::host::worker {
namespace {

bool contains(std::string_view line, std::string_view text) {
  return line.find(text) != std::string_view::npos;
}

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace

void LastWords::add(std::string_view line) {
  line = trimmed(line).substr(0, longest_line);
  if (line.empty()) return;
  const bool sanitizer = contains(line, "Sanitizer: ");
  if (finding_.empty() ? sanitizer && contains(line, "ERROR: ") : sanitizer && contains(line, "SUMMARY: ")) {
    if (finding_.size() < most_lines) finding_.emplace_back(line);
    return;
  }
  last_.emplace_back(line);
  if (last_.size() > most_lines) last_.pop_front();
}

void LastWords::clear() {
  last_.clear();
  finding_.clear();
}

std::string LastWords::text() const {
  std::string text;
  const auto add = [&text](const std::string& line) { text += (text.empty() ? "" : " | ") + line; };
  if (finding_.empty()) {
    std::ranges::for_each(last_, add);
  } else {
    std::ranges::for_each(finding_, add);
  }
  return text;
}

}  // namespace kclhost::host::worker
