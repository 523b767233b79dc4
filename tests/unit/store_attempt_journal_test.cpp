#include "store/attempt_journal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kclhost/plugin.h"

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;

// A batch of records with the sequence numbers given, all of sub-sequence number 7.
class Records {
 public:
  explicit Records(const std::vector<std::string>& sequence_numbers) {
    memory_.resize(sequence_numbers.size() * sizeof(RecordEntry));
    std::vector<RecordEntry> entries;
    for (const std::string& number : sequence_numbers) {
      entries.push_back({0, 0, 0, 0, static_cast<std::uint32_t>(memory_.size()),
                         static_cast<std::uint32_t>(number.size()), 7, KCLHOST_NO_TIMESTAMP});
      memory_ += number;
    }
    std::memcpy(memory_.data(), entries.data(), entries.size() * sizeof(RecordEntry));
    batch = {memory_.data(), 0, static_cast<std::uint32_t>(entries.size()), 0};
  }

  Batch batch;

 private:
  std::string memory_;
};

class AttemptJournalTest : public ::testing::Test {
 protected:
  AttemptJournalTest() {
    std::string name = (fs::temp_directory_path() / "kclhost-journal-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    path_ = dir_ / "tries" / "shard.0";
  }
  ~AttemptJournalTest() override { fs::remove_all(dir_); }

  std::unique_ptr<AttemptJournal> open() {
    auto journal = AttemptJournal::open(path_);
    EXPECT_TRUE(journal) << journal.error();
    return std::move(*journal);
  }
  std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  fs::path dir_, path_;
};

TEST_F(AttemptJournalTest, ANewOneHasNoLeftOver) {
  EXPECT_FALSE(open()->left_over());
}

TEST_F(AttemptJournalTest, WhatWasUnderWayIsFoundByTheNextProcess) {
  const Records records({"100", "101", "102"});
  open()->begin(records.batch, 3);
  EXPECT_FALSE(open()->left_over()->searching);
  open()->begin(records.batch, 3, true);
  const auto journal = open();
  EXPECT_TRUE(journal->left_over()->searching);
  ASSERT_TRUE(journal->left_over());
  EXPECT_EQ(journal->left_over()->first, (Position{"100", 7}));
  EXPECT_EQ(journal->left_over()->last, (Position{"102", 7}));
  EXPECT_EQ(journal->left_over()->tries, 3u);
}

TEST_F(AttemptJournalTest, WhatWasFinishedIsNot) {
  const Records records({"100"});
  const auto first = open();
  first->begin(records.batch, 1);
  first->clear();
  EXPECT_FALSE(open()->left_over());
}

TEST_F(AttemptJournalTest, ALeftOverStaysUntilItIsDealtWith) {
  const Records records({"100", "101"}), others({"50"});
  open()->begin(records.batch, 2, true);
  {
    const auto journal = open();
    journal->begin(others.batch, 1);
    journal->clear();
  }
  const auto journal = open();
  ASSERT_TRUE(journal->left_over());
  EXPECT_EQ(journal->left_over()->first, (Position{"100", 7}));
  EXPECT_EQ(journal->left_over()->last, (Position{"101", 7}));
  EXPECT_EQ(journal->left_over()->tries, 2u);
  EXPECT_TRUE(journal->left_over()->searching);
  journal->forget_left_over();
  journal->begin(others.batch, 1);
  journal->clear();
  EXPECT_FALSE(open()->left_over());
}

TEST_F(AttemptJournalTest, ARecordKnownToFailIsRememberedWithoutATry) {
  const Records records({"100"});
  open()->begin(records.batch, 0, true);
  ASSERT_TRUE(open()->left_over());
  EXPECT_EQ(open()->left_over()->tries, 0u);
}

TEST_F(AttemptJournalTest, ADeathWhileWritingLeavesTheStateBefore) {
  const Records records({"100"}), others({"200"});
  const auto journal = open();
  journal->begin(records.batch, 1);
  const std::string before = bytes();
  journal->begin(others.batch, 2);
  std::string torn = bytes();
  // The two differ in one slot alone; any part of the write may have happened.
  std::size_t first = 0, last = torn.size();
  while (torn[first] == before[first]) ++first;
  while (torn[last - 1] == before[last - 1]) --last;
  for (std::size_t cut = first; cut < last; ++cut) {
    write(torn.substr(0, cut) + before.substr(cut));
    auto next = AttemptJournal::open(path_);
    ASSERT_TRUE(next) << "cut at " << cut << ": " << next.error();
    ASSERT_TRUE((*next)->left_over());
    EXPECT_EQ((*next)->left_over()->first.sequence_number, "100") << "cut at " << cut;
  }
}

TEST_F(AttemptJournalTest, AnInterruptedFirstOpenIsHarmless) {
  open();
  write(std::string(bytes().size(), '\0'));
  EXPECT_FALSE(open()->left_over());
}

TEST_F(AttemptJournalTest, GarbageIsRefusedWithTheCure) {
  open();
  const std::size_t size = bytes().size();
  for (const std::string& garbage : {std::string("x"), std::string(size, 'x'), std::string(size + 1, '\0')}) {
    write(garbage);
    const auto journal = AttemptJournal::open(path_);
    ASSERT_FALSE(journal);
    EXPECT_NE(journal.error().find(path_.string()), std::string::npos);
    EXPECT_NE(journal.error().find("remove it"), std::string::npos);
    EXPECT_EQ(journal.error().find('\n'), std::string::npos);
  }
}

TEST_F(AttemptJournalTest, AFolderThatCannotBeMadeIsOneLine) {
  std::ofstream(dir_ / "file") << "x";
  const auto journal = AttemptJournal::open(dir_ / "file" / "shard.0");
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().find("state_dir"), std::string::npos);
}

}  // namespace
}  // namespace kclhost::host::store
