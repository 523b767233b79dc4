#include "store/attempt_journal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core_fixtures.hpp"

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string text_of(const JournalNote& note) {
  return note.first.str() + ".." + note.last.str() + " failures=" + std::to_string(note.failures) +
         " interruptions=" + std::to_string(note.interruptions) + (note.searching ? " searching" : "") +
         (note.under_way ? " under way" : "") + (note.aside ? " aside" : "") +
         (note.lanes != 0 ? " lanes=" + std::to_string(note.lanes) : "");
}

std::vector<std::string> left_over(const AttemptJournal& journal) {
  std::vector<std::string> texts;
  for (const JournalNote& note : journal.left_over()) texts.push_back(text_of(note));
  return texts;
}

// One note for each number, which tells them apart.
const JournalNotes& notes_of(JournalNotes& notes, const std::vector<std::string>& numbers) {
  notes.clear();
  for (const std::string& number : numbers) {
    JournalNote& note = notes.add();
    note.first.set(number, 7);
    note.last.set(number, 8);
    note.failures = 1;
  }
  return notes;
}

std::string note_of(const std::string& number) {
  return number + "/7.." + number + "/8 failures=1 interruptions=0";
}

class AttemptJournalTest : public testing::Test {
 protected:
  std::unique_ptr<AttemptJournal> open() {
    auto journal = AttemptJournal::open(path_);
    if (!journal) throw std::runtime_error(journal.error());
    return std::move(*journal);
  }
  // What a process that opens the file now finds.
  std::vector<std::string> found() { return left_over(*open()); }
  void write(AttemptJournal& journal, const std::vector<std::string>& numbers) {
    journal.write(notes_of(notes_, numbers));
  }
  std::string bytes() const { return test::contents(path_); }
  void put(std::string_view bytes) const { test::put_file(path_, bytes, 0600); }

  test::TempDir dir_;
  fs::path path_ = dir_ / "tries/shard.0";
  JournalNotes notes_;
};

TEST_F(AttemptJournalTest, ANewOneHasNothing) {
  const auto journal = open();
  EXPECT_THAT(left_over(*journal), IsEmpty());
  EXPECT_FALSE(journal->own_fault_left());
  EXPECT_FALSE(journal->is_forgotten());
  EXPECT_EQ(journal->sync(), "");
}

// A disk that is full leaves as much of a new one as there was room for.
TEST_F(AttemptJournalTest, OneThatWasOnlyMadeInPartIsMade) {
  fs::create_directories(path_.parent_path());
  put(std::string(8192, '\0'));
  {
    const auto journal = open();
    EXPECT_THAT(left_over(*journal), IsEmpty());
    write(*journal, {"1"});
  }
  EXPECT_THAT(found(), ElementsAre(note_of("1")));
}

TEST_F(AttemptJournalTest, IsForThisUserAlone) {
  open();
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AttemptJournalTest, EveryFieldOfEveryNoteIsFoundByTheNextProcess) {
  {
    const auto journal = open();
    JournalNote& tried = notes_.add();
    tried.first.set("49590338271490256608559692538361571095921575989136588898", 3);
    tried.last.set("49590338271490256608559692538361571095921575989136588899", 0);
    tried.failures = 5;
    tried.interruptions = 4'000'000'000;
    tried.searching = true;
    JournalNote& current = notes_.add();
    current.first.set("200", -1);
    current.last.set("200", INT64_MAX);
    current.under_way = true;
    JournalNote& aside = notes_.add();
    aside.first.set("300", 0);
    aside.last.set("301", 1);
    aside.aside = true;
    aside.lanes = 64;
    journal->write(notes_);
  }
  EXPECT_THAT(
      found(),
      ElementsAre("49590338271490256608559692538361571095921575989136588898/3.."
                  "49590338271490256608559692538361571095921575989136588899/0 failures=5 interruptions=4000000000 "
                  "searching",
                  "200/-1..200/9223372036854775807 failures=0 interruptions=0 under way",
                  "300/0..301/1 failures=0 interruptions=0 aside lanes=64"));
}

TEST_F(AttemptJournalTest, TheLastWriteCounts) {
  {
    const auto journal = open();
    for (const char* number : {"1", "2", "3", "4"}) write(*journal, {number, "5"});
  }
  EXPECT_THAT(found(), ElementsAre(note_of("4"), note_of("5")));
}

TEST_F(AttemptJournalTest, OpeningItChangesNothing) {
  write(*open(), {"1"});
  const std::string before = bytes();
  open();
  EXPECT_EQ(bytes(), before);
  EXPECT_THAT(found(), ElementsAre(note_of("1")));
}

TEST_F(AttemptJournalTest, ItGoesOnFromProcessToProcess) {
  write(*open(), {"1"});
  write(*open(), {"2"});
  write(*open(), {"3"});
  EXPECT_THAT(found(), ElementsAre(note_of("3")));
}

TEST_F(AttemptJournalTest, NothingIsRememberedOnceNothingIsNoted) {
  {
    const auto journal = open();
    write(*journal, {"1", "2"});
    write(*journal, {});
  }
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AttemptJournalTest, OfTooManyNotesTheFirstAreRemembered) {
  std::vector<std::string> numbers, expected;
  for (std::size_t i = 0; i < AttemptJournal::most_notes + 44; ++i) numbers.push_back(std::to_string(1'000 + i));
  for (std::size_t i = 0; i < AttemptJournal::most_notes; ++i) expected.push_back(note_of(numbers[i]));
  write(*open(), numbers);
  EXPECT_EQ(found(), expected);
}

TEST_F(AttemptJournalTest, TextsThatAreTooLongAreCut) {
  write(*open(), {std::string(100, '9')});
  EXPECT_THAT(found(), ElementsAre(note_of(std::string(79, '9'))));
}

TEST_F(AttemptJournalTest, ADeathWhileWritingLeavesTheStateBefore) {
  std::string before, torn;
  {
    const auto journal = open();
    write(*journal, {"100", "101"});
    before = bytes();
    write(*journal, {"200", "201"});
    torn = bytes();
  }
  // The two differ in one slot alone; any part of the write may have happened.
  std::size_t first = 0, last = torn.size();
  while (torn[first] == before[first]) ++first;
  while (torn[last - 1] == before[last - 1]) --last;
  for (std::size_t cut = first; cut < last; ++cut) {
    put(torn.substr(0, cut) + before.substr(cut));
    ASSERT_THAT(found(), ElementsAre(note_of("100"), note_of("101"))) << "cut at " << cut;
    put(before.substr(0, cut + 1) + torn.substr(cut + 1));
    if (before.substr(first, cut + 1 - first) == torn.substr(first, cut + 1 - first)) continue;
    ASSERT_THAT(found(), ElementsAre(note_of("100"), note_of("101"))) << "begun behind " << cut;
  }
}

TEST_F(AttemptJournalTest, ADamagedByteOfTheNewestIsNoticed) {
  std::string before, after;
  {
    const auto journal = open();
    write(*journal, {"100"});
    before = bytes();
    write(*journal, {"200"});
    after = bytes();
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    std::string damaged = after;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    put(damaged);
    ASSERT_THAT(found(), ElementsAre(note_of("100"))) << "byte " << i;
  }
}

TEST_F(AttemptJournalTest, ATornOneIsWrittenAnewAndTheOlderStaysMeanwhile) {
  std::string before, torn;
  {
    const auto journal = open();
    write(*journal, {"100"});
    before = bytes();
    write(*journal, {"200"});
    torn = bytes();
  }
  std::size_t first = 0;
  while (torn[first] == before[first]) ++first;
  torn[first] = static_cast<char>(torn[first] ^ 0x40);
  put(torn);
  write(*open(), {"300"});
  const std::string after = bytes();
  EXPECT_THAT(found(), ElementsAre(note_of("300")));
  std::string again = after;
  again[first] = static_cast<char>(again[first] ^ 0x40);
  put(again);
  EXPECT_THAT(found(), ElementsAre(note_of("100")));
}

// Where the two slots lie in the file.
constexpr std::size_t head = 24, slot = 49'176;

TEST_F(AttemptJournalTest, TheOlderStaysWhicheverSlotHasTheNewest) {
  {
    const auto journal = open();
    write(*journal, {"100"});
    write(*journal, {"200"});
  }
  const std::string before = bytes();
  put(before.substr(0, head) + before.substr(head + slot) + before.substr(head, slot));
  write(*open(), {"300"});
  EXPECT_THAT(found(), ElementsAre(note_of("300")));
  std::string torn = bytes();
  for (const std::size_t at : {head, head + slot}) {
    std::string part = torn.substr(at, slot);
    if (part.find("300") != std::string::npos) torn[at] = static_cast<char>(torn[at] ^ 0x40);
  }
  put(torn);
  EXPECT_THAT(found(), ElementsAre(note_of("200")));
}

TEST_F(AttemptJournalTest, TheNumberOfASlotComesRound) {
  open();
  std::string empty = bytes();
  // The last number that there is, no notes, and the sum of the two.
  const std::uint64_t last[] = {UINT64_MAX, (14695981039346656037u ^ UINT64_MAX) * 1099511628211u * 1099511628211u, 0};
  std::memcpy(empty.data() + head + slot, last, sizeof last);
  std::memset(empty.data() + head, 0x55, 24);
  put(empty);
  write(*open(), {"1"});
  EXPECT_THAT(found(), ElementsAre(note_of("1")));
  write(*open(), {"2"});
  EXPECT_THAT(found(), ElementsAre(note_of("2")));
}

TEST_F(AttemptJournalTest, AFileThatIsNotMadeYetIsHarmless) {
  open();
  const std::size_t size = bytes().size();
  for (const std::string& unmade : {std::string(), std::string(size, '\0')}) {
    put(unmade);
    EXPECT_THAT(found(), IsEmpty());
    write(*open(), {"1"});
    EXPECT_THAT(found(), ElementsAre(note_of("1")));
  }
}

TEST_F(AttemptJournalTest, ADamagedFileIsAnErrorAndStaysAsItIs) {
  write(*open(), {"1"});
  const std::string good = bytes();
  std::string both = good;
  for (std::size_t i = 16; i < both.size(); ++i) both[i] = static_cast<char>(both[i] ^ 0x40);
  for (const std::string& damaged :
       {std::string("x"), std::string(good.size(), 'x'), std::string(good.size() + 1, '\0'),
        good.substr(0, good.size() - 1), "kclhost tries 1" + good.substr(15), both}) {
    put(damaged);
    const auto journal = AttemptJournal::open(path_);
    ASSERT_FALSE(journal);
    EXPECT_THAT(journal.error(), HasSubstr(path_.string()));
    EXPECT_THAT(journal.error(), HasSubstr("is damaged; remove it"));
    EXPECT_EQ(journal.error().find('\n'), std::string::npos);
    EXPECT_EQ(bytes(), damaged);
  }
}

TEST_F(AttemptJournalTest, AFolderThatCannotBeMadeIsOneLine) {
  test::put_file(dir_ / "file", "x");
  const auto journal = AttemptJournal::open(dir_ / "file/shard.0");
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error(), HasSubstr("state_dir must be writable"));
}

TEST_F(AttemptJournalTest, ALinkIsNotFollowed) {
  test::put_file(dir_ / "elsewhere", "");
  fs::create_directories(path_.parent_path());
  fs::create_symlink(dir_ / "elsewhere", path_);
  EXPECT_FALSE(AttemptJournal::open(path_));
  EXPECT_EQ(test::contents(dir_ / "elsewhere"), "");
}

TEST_F(AttemptJournalTest, WhileAnotherHasItNothingIsReadAndNothingWritten) {
  const auto first = open();
  write(*first, {"1"});
  first->own_fault() = 1;
  const std::string before = bytes();
  {
    const auto second = open();
    EXPECT_TRUE(second->is_forgotten());
    EXPECT_THAT(left_over(*second), IsEmpty());
    EXPECT_FALSE(second->own_fault_left());
    write(*second, {"2"});
    second->own_fault() = 1;
    EXPECT_EQ(second->sync(), "");
    second->remove();
  }
  EXPECT_EQ(bytes(), before);
  EXPECT_FALSE(first->is_forgotten());
}

TEST_F(AttemptJournalTest, TheLockGoesWithItsOwner) {
  {
    const auto first = open();
    EXPECT_TRUE(open()->is_forgotten());
  }
  EXPECT_FALSE(open()->is_forgotten());
}

TEST_F(AttemptJournalTest, TheLockIsForThisFileAlone) {
  const auto first = open();
  const auto other = AttemptJournal::open(dir_ / "tries/shard.1");
  ASSERT_TRUE(other);
  EXPECT_FALSE((*other)->is_forgotten());
}

TEST_F(AttemptJournalTest, AFaultOfTheProcessItselfIsToldOnce) {
  {
    const auto journal = open();
    write(*journal, {"1"});
    journal->own_fault() = 1;
  }
  {
    const auto journal = open();
    EXPECT_TRUE(journal->own_fault_left());
    EXPECT_THAT(left_over(*journal), ElementsAre(note_of("1")));
  }
  EXPECT_FALSE(open()->own_fault_left());
}

TEST_F(AttemptJournalTest, RemovedItIsGone) {
  const auto journal = open();
  write(*journal, {"1"});
  journal->remove();
  EXPECT_FALSE(fs::exists(path_));
  // What is written from then on reaches nobody.
  write(*journal, {"2"});
  EXPECT_EQ(journal->sync(), "");
  journal->remove();
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AttemptJournalTest, WhyTheDiskDoesNotHaveItIsOneLine) {
  const auto journal = open();
  std::uintptr_t begin = 0, end = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(path_.string()) == std::string::npos) continue;
    ASSERT_EQ(std::sscanf(line.c_str(), "%zx-%zx", &begin, &end), 2);
  }
  ASSERT_NE(begin, 0u);
  // A mapping that is gone is the one thing that msync refuses on every file system.
  ASSERT_EQ(::munmap(reinterpret_cast<void*>(begin), end - begin), 0);
  const std::string why = journal->sync();
  ASSERT_NE(::mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
            MAP_FAILED);
  EXPECT_EQ(why, "can't write " + path_.string() + ": Cannot allocate memory");
}

}  // namespace
}  // namespace kclhost::host::store
