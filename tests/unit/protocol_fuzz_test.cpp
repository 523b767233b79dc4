// The fuzz target on its seeds and on mutations of real lines: the same in every build, with the same seed every time.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core_fixtures.hpp"
#include "core_messages.hpp"
#include "decode_target.hpp"

namespace kclhost::host::fuzz {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> lines = test::all_daemon_lines();
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(KCLHOST_FUZZ_CORPUS)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) lines.push_back(test::contents(file));
  return lines;
}

// What mutations put in.
constexpr std::string_view pieces[] = {"\"",
                                       "\\",
                                       "\\u",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "=",
                                       "null",
                                       "-1e9",
                                       "true",
                                       "\"data\":\"",
                                       "\xff",
                                       "\n",
                                       "0",
                                       "1.5",
                                       "YQ==",
                                       "\\ud83d",
                                       "\"records\":[{",
                                       "9223372036854775808",
                                       "\"sequenceNumber\":\"",
                                       std::string_view("\0", 1)};

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void mutate(std::string& line) {
    const std::size_t at = below(line.size() + 1);
    switch (below(6)) {
      case 0:
        line.resize(at);
        return;
      case 1:
        line.erase(at, below(20));
        return;
      case 2:
        line.insert(at, pieces[below(std::size(pieces))]);
        return;
      case 3:
        line.insert(at, line.substr(below(line.size() + 1), below(60)));
        return;
      case 4:
        if (at < line.size()) line[at] = static_cast<char>(random_());
        return;
      default:
        if (at < line.size()) line[at] = static_cast<char>(line[at] ^ 1u << below(8));
    }
  }

 private:
  std::mt19937 random_;
};

TEST(DecodeFuzz, Seeds) {
  for (const std::string& line : seeds()) decode_one(line);
}

TEST(DecodeFuzz, Mutations) {
  const std::vector<std::string> lines = seeds();
  Mutator mutator(20'260'101);
  std::size_t messages = 0;
  constexpr std::size_t tries = 20'000;
  for (std::size_t i = 0; i < tries; ++i) {
    std::string line = lines[mutator.below(lines.size())];
    for (std::size_t n = 1 + mutator.below(4); n > 0; --n) mutator.mutate(line);
    messages += decode_one(line);
  }
  // Most are broken, some are not: else the mutations test little.
  EXPECT_GT(messages, tries / 50);
  EXPECT_LT(messages, tries / 2);
}

}  // namespace
}  // namespace kclhost::host::fuzz
