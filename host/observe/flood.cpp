#include "observe/flood.hpp"

#include <algorithm>

namespace kclhost::host::observe {
namespace {

// As many kinds as are looked after at once. A host has some dozens of messages; more than this are no kinds.
constexpr std::size_t most_kinds = 64;
constexpr std::size_t longest_kind = 256;

std::string kind_of(std::string_view text) {
  std::string kind;
  for (const char c : text.substr(0, longest_kind)) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && kind.ends_with('0')) continue;
    kind += digit ? '0' : c;
  }
  return kind;
}

}  // namespace

bool Flood::passes(int level, std::string_view text, Clock::time_point now) {
  std::string name = kind_of(text);
  auto found = kinds_.find(name);
  if (found == kinds_.end()) {
    if (kinds_.size() >= most_kinds) {
      std::erase_if(kinds_,
                    [now](const auto& kind) { return kind.second.held == 0 && now - kind.second.begin >= window; });
    }
    if (kinds_.size() >= most_kinds) return true;
    found = kinds_.emplace(std::move(name), Kind{.begin = now}).first;
  }
  Kind& kind = found->second;
  if (now - kind.begin >= window && kind.held == 0) {
    kind.begin = now;
    kind.passed = 0;
  }
  if (kind.passed < most) {
    ++kind.passed;
    return true;
  }
  ++kind.held;
  kind.level = std::max(kind.level, level);
  kind.last = text;
  return false;
}

std::vector<Flood::Held> Flood::ended(Clock::time_point now) {
  std::vector<Held> all;
  std::erase_if(kinds_, [&](const auto& entry) {
    const Kind& kind = entry.second;
    if (kind.held == 0 || now - kind.begin < window) return false;
    all.push_back({kind.level, kind.last, kind.held});
    return true;
  });
  return all;
}

Flood::Clock::time_point Flood::due() const {
  auto first = Clock::time_point::max();
  for (const auto& [name, kind] : kinds_) {
    if (kind.held != 0) first = std::min(first, kind.begin + window);
  }
  return first;
}

}  // namespace kclhost::host::observe
