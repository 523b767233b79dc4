#include "config/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace kclhost::host::config {
namespace {

constexpr std::size_t longest = 80;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Insertions, deletions, substitutions and swaps of neighbours; of `limit` and more it does not matter how many. A file
// may have many names that are like none, so what is too far from the diagonal, or too much already, is not looked at.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit) return limit;
  std::array<std::array<std::size_t, longest + 2>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  std::size_t least_before = 0;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& previous = rows[(i - 1) % 3];
    const std::size_t first = i < limit ? 1 : i - limit + 1;
    const std::size_t last = std::min(b.size(), i + limit - 1);
    row[first - 1] = first == 1 ? i : limit;
    row[last + 1] = limit;
    std::size_t least = row[first - 1];
    for (std::size_t j = first; j <= last; ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0u : 1u;
      std::size_t steps = std::min(std::min(previous[j], row[j - 1]) + 1, previous[j - 1] + change);
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        steps = std::min(steps, rows[(i - 2) % 3][j - 2] + 1);
      row[j] = steps;
      least = std::min(least, steps);
    }
    if (std::min(least, least_before) >= limit) return limit;  // a row comes of the two before it
    least_before = least;
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > longest) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > longest) continue;
    const std::size_t d = distance(name, candidate, best_distance);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace kclhost::host::config
