#include "counts.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "utf8.hpp"

namespace word_counter {

namespace {

bool separates(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

}  // namespace

std::size_t Counts::add(const kclhost::Record& record) {
  if (!record.comes_after(position_)) return 0;

  std::string_view data = record.data();
  std::size_t count = 0;
  while (true) {
    data.remove_prefix(static_cast<std::size_t>(std::find_if_not(data.begin(), data.end(), separates) - data.begin()));
    if (data.empty()) break;
    const auto size = static_cast<std::size_t>(std::find_if(data.begin(), data.end(), separates) - data.begin());
    ++words_[to_utf8(data.substr(0, std::min(size, longest_word)))];
    data.remove_prefix(size);
    ++count;
  }
  total_ += count;
  position_ = record.position();
  return count;
}

std::string Counts::top(std::size_t n) const {
  using Entry = std::pair<std::uint64_t, std::string_view>;
  std::vector<Entry> entries;
  entries.reserve(words_.size());
  for (const auto& [word, count] : words_) entries.emplace_back(count, word);
  n = std::min(n, entries.size());
  std::partial_sort(
      entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(n), entries.end(),
      [](const Entry& a, const Entry& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::string text;
  for (std::size_t i = 0; i < n; ++i) {
    if (i != 0) text += ' ';
    text.append(entries[i].second).append("=").append(std::to_string(entries[i].first));
  }
  return text;
}

}  // namespace word_counter
