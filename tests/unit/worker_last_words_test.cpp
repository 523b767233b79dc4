// What of a worker's standard error is taken for the reason of its death.
#include "worker/last_words.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kclhost::host::worker {
namespace {

std::string words_of(std::initializer_list<std::string_view> lines) {
  LastWords words;
  for (const std::string_view line : lines) words.add(line);
  return words.text();
}

TEST(WorkerLastWords, AreTheLastLines) {
  EXPECT_EQ(words_of({}), "");
  EXPECT_EQ(words_of({"one"}), "one");
  EXPECT_EQ(words_of({"1", "2", "3", "4", "5", "6"}), "2 | 3 | 4 | 5 | 6");
}

TEST(WorkerLastWords, OfWhatIsThere) {
  EXPECT_EQ(words_of({"terminate called", "  what():  a reason\r", "", " \t "}),
            "terminate called | what():  a reason");
}

TEST(WorkerLastWords, OfASanitizerAreWhatItFound) {
  EXPECT_EQ(words_of({"hello", "==1==ERROR: AddressSanitizer: heap-use-after-free", "    #0 0x1 in f",
                      "    #1 0x2 in g", "SUMMARY: AddressSanitizer: heap-use-after-free a.cpp:1 in f", "Shadow bytes",
                      "  0x1: fa fa", "  0x2: fa fa", "  0x3: fa fa", "==1==ABORTING"}),
            "==1==ERROR: AddressSanitizer: heap-use-after-free | SUMMARY: AddressSanitizer: heap-use-after-free "
            "a.cpp:1 in f");
  EXPECT_EQ(words_of({"WARNING: ThreadSanitizer: data race", "SUMMARY: ThreadSanitizer: data race", "it went on"}),
            "WARNING: ThreadSanitizer: data race | SUMMARY: ThreadSanitizer: data race | it went on")
      << "that ends no process";
}

TEST(WorkerLastWords, AreNoBook) {
  LastWords words;
  for (int i = 0; i < 1000; ++i) words.add(std::string(100'000, 'x'));
  EXPECT_LE(words.text().size(), LastWords::most_lines * (LastWords::longest_line + 3));
  LastWords findings;
  for (int i = 0; i < 1000; ++i) findings.add("ERROR: SUMMARY: Sanitizer: " + std::string(100'000, 'x'));
  EXPECT_LE(findings.text().size(), LastWords::most_lines * (LastWords::longest_line + 3));
}

TEST(WorkerLastWords, AreThoseSinceTheyWereCleared) {
  LastWords words;
  words.add("ERROR: LeakSanitizer: before");
  words.add("before");
  words.clear();
  words.add("after");
  EXPECT_EQ(words.text(), "after");
}

}  // namespace
}  // namespace kclhost::host::worker
