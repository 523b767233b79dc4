#include "shard/record_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace kclhost::host {
namespace {

// The same by other means.
struct Plain {
  std::set<std::uint32_t> members;

  std::uint32_t next(std::uint32_t first, std::uint32_t last) const {
    const auto at = members.lower_bound(first);
    return at != members.end() && *at < last ? *at : last;
  }
  std::uint32_t end_of_run(std::uint32_t first) const {
    while (members.contains(first)) ++first;
    return first;
  }
  void drop(std::uint32_t n) {
    std::set<std::uint32_t> left;
    for (const std::uint32_t one : members) {
      if (one >= n) left.insert(one - n);
    }
    members = left;
  }
};

TEST(RecordSet, IsASetWhateverIsDoneToIt) {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    RecordSet set;
    Plain plain;
    for (int step = 0; step < 60; ++step) {
      const std::uint32_t first = below(300), last = first + below(round % 2 == 0 ? 5 : 200);
      switch (below(4)) {
        case 0:
          set.drop(first);
          plain.drop(first);
          break;
        case 1:
          set.remove(first, last);
          plain.members.erase(plain.members.lower_bound(first), plain.members.lower_bound(last));
          break;
        default:
          set.add(first, last);
          for (std::uint32_t i = first; i < last; ++i) plain.members.insert(i);
      }
      ASSERT_EQ(set.empty(), plain.members.empty());
      for (std::uint32_t i = 0; i < 520; i += 1 + below(3)) {
        ASSERT_EQ(set.contains(i), plain.members.contains(i));
        ASSERT_EQ(set.end_of_run(i), plain.end_of_run(i));
        const std::uint32_t end = i + below(150);
        ASSERT_EQ(set.next(i, end), plain.next(i, end));
      }
    }
  }
}

}  // namespace
}  // namespace kclhost::host
