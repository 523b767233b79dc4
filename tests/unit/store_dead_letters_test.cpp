// Dead letters on the disk: what is written is read back whole, whatever happens to the file in between.
#include "store/dead_letters.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "file_size_limit.hpp"
#include "kclhost/plugin.h"
#include "store/dead_letter_file.hpp"
#include "store/dead_letter_store.hpp"

namespace kclhost::host::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
namespace fs = std::filesystem;

const std::string binary("\0\xff\n\"\\ no text", 13);

DeadLetter letter(std::string_view sequence_number, std::string_view data = "data") {
  return {.data = data,
          .partition_key = "key",
          .sequence_number = sequence_number,
          .sub_sequence_number = 2,
          .arrival_ms = 1700000000001,
          .error_code = "FAILED",
          .error_text = "it \"failed\"\nbadly",
          .attempts = 3,
          .first_try_ms = 1700000000002,
          .last_try_ms = 1700000000003};
}

const DeadLetterOrigin origin{"words", "words-app", "shardId-000000000007", "com.example.a", "1.2.3", 4};

class DeadLettersTest : public testing::Test {
 protected:
  void SetUp() override {
    // In memory if possible: thousands of writes that wait for the disk take their time.
    std::string name =
        (::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm/" : testing::TempDir()) + "dead-letters-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    config_.path = root_ / "made" / "here";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::unique_ptr<DeadLetters> open(bool expect_repair = false) {
    bool repaired = !expect_repair;
    auto opened = DeadLetters::open(config_, origin.application, origin.shard_id, repaired);
    EXPECT_TRUE(opened) << opened.error();
    EXPECT_EQ(repaired, expect_repair);
    return opened ? std::move(*opened) : nullptr;
  }
  std::string why_not() {
    bool repaired = false;
    const auto opened = DeadLetters::open(config_, origin.application, origin.shard_id, repaired);
    return opened ? "" : opened.error();
  }
  fs::path file() const { return config_.path / "words-app.shardId-000000000007.jsonl"; }
  DeadLetterStore store() const { return {config_.path, origin.application}; }
  DeadLetterStore::Contents contents() const {
    auto read = store().read();
    EXPECT_TRUE(read) << read.error();
    return read ? std::move(*read) : DeadLetterStore::Contents{};
  }
  std::vector<std::string> sequence_numbers() const {
    std::vector<std::string> numbers;
    for (const StoredLetter& stored : contents().letters) numbers.push_back(stored.about.sequence_number);
    return numbers;
  }
  std::string text() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const {
    fs::create_directories(config_.path);
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
  }

  fs::path root_;
  config::DeadLetter config_;
};

void append(DeadLetters& letters, std::initializer_list<const char*> sequence_numbers) {
  std::vector<DeadLetter> all;
  for (const char* number : sequence_numbers) all.push_back(letter(number));
  const auto appended = letters.append(all, origin);
  ASSERT_TRUE(appended) << appended.error();
}

TEST_F(DeadLettersTest, EveryFieldComesBack) {
  const auto letters = open();
  const std::vector<DeadLetter> both{letter("49590338271490256608559692538361571095921575989136588898", binary),
                                     {.data = "",
                                      .partition_key = "schl\xc3\xbcssel \xf0\x9f\x94\x91",
                                      .sequence_number = "2",
                                      .sub_sequence_number = 0,
                                      .arrival_ms = KCLHOST_NO_TIMESTAMP,
                                      .error_code = "TOO_OLD",
                                      .error_text = "",
                                      .attempts = 0}};
  const auto appended = letters->append(both, origin);
  ASSERT_TRUE(appended) << appended.error();
  EXPECT_EQ(*appended, fs::file_size(file()));

  const auto read = contents();
  ASSERT_THAT(read.letters, SizeIs(2));
  EXPECT_THAT(read.damaged, IsEmpty());
  const auto first = DeadLetterStore::read_letter(read.letters[0]);
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->data, binary);
  EXPECT_EQ(first->partition_key, "key");
  EXPECT_EQ(first->sequence_number, "49590338271490256608559692538361571095921575989136588898");
  EXPECT_EQ(first->sub_sequence_number, 2);
  EXPECT_EQ(first->arrival_ms, 1700000000001);
  EXPECT_EQ(first->error_code, "FAILED");
  EXPECT_EQ(first->error_text, "it \"failed\"\nbadly");
  EXPECT_EQ(first->attempts, 3u);
  EXPECT_EQ(first->first_try_ms, 1700000000002);
  EXPECT_EQ(first->last_try_ms, 1700000000003);
  EXPECT_EQ(first->origin.stream, "words");
  EXPECT_EQ(first->origin.application, "words-app");
  EXPECT_EQ(first->origin.shard_id, "shardId-000000000007");
  EXPECT_EQ(first->origin.plugin_id, "com.example.a");
  EXPECT_EQ(first->origin.plugin_version, "1.2.3");
  EXPECT_EQ(first->origin.generation, 4u);
  EXPECT_EQ(read.letters[0].data_size, binary.size());
  const auto second = DeadLetterStore::read_letter(read.letters[1]);
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->data, "");
  EXPECT_EQ(second->partition_key, "schl\xc3\xbcssel \xf0\x9f\x94\x91");
  EXPECT_EQ(second->arrival_ms, KCLHOST_NO_TIMESTAMP);
  EXPECT_EQ(second->attempts, 0u);
  EXPECT_GT(second->last_try_ms, 1700000000003) << "never tried: when it was written";
}

TEST_F(DeadLettersTest, AreForThisUserAlone) {
  open();
  struct stat status {};
  for (const fs::path& directory : {config_.path, config_.path.parent_path()}) {
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u) << directory;
  }
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(DeadLetterName, PartsCanBeToldApart) {
  const auto name = [](const char* application, const char* shard) {
    return DeadLetterName::of(application, shard).str();
  };
  EXPECT_EQ(name("words-app", "shardId-000000000000"), "words-app.shardId-000000000000.jsonl");
  EXPECT_NE(name("a.b", "c"), name("a", "b.c"));
  EXPECT_NE(name("", "a"), name("a", ""));
  for (const char* text : {"../../etc/passwd", "a/b", "..", ".", "\xc3\xbc\n", ""}) {
    const std::string made = name(text, text);
    EXPECT_THAT(made, Not(HasSubstr("/")));
    EXPECT_NE(made[0], '.');
    const auto parsed = DeadLetterName::parse(made);
    ASSERT_TRUE(parsed) << made;
    EXPECT_EQ(parsed->str(), made);
  }
  for (const char* other :
       {"words.lock", "a.b.jsonl.new", "a.jsonl", "a.b.c.jsonl", "a.b.20250131T120000000Z.d.jsonl", ""}) {
    EXPECT_FALSE(DeadLetterName::parse(other)) << other;
  }
  EXPECT_EQ(DeadLetterName::parse("a.b.20250131T120000000Z.jsonl")->time, "20250131T120000000Z");
}

TEST_F(DeadLettersTest, OtherApplicationsAndFilesAreLeftAlone) {
  append(*open(), {"1"});
  bool repaired = false;
  const auto other = DeadLetters::open(config_, "words", origin.shard_id, repaired);
  append(**other, {"2"});
  std::ofstream(config_.path / "notes.txt") << "mine";
  EXPECT_THAT(sequence_numbers(), ElementsAre("1"));
}

TEST_F(DeadLettersTest, LastLineTornAnywhereIsCutOff) {
  append(*open(), {"1", "2"});
  const std::string kept = text();
  append(*open(), {"3"});
  const std::string whole = text();
  for (std::size_t size = kept.size() + 1; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_THAT(sequence_numbers(), ElementsAre("1", "2")) << "while it is torn";
    append(*open(true), {"4"});
    ASSERT_THAT(sequence_numbers(), ElementsAre("1", "2", "4")) << "torn after " << size - kept.size() << " bytes";
  }
}

// A file system may have allotted the block of the last append, and written the first bytes of it alone.
TEST_F(DeadLettersTest, LastLineTornAnywhereWithZerosBehindItIsCutOff) {
  append(*open(), {"1", "2"});
  const std::string kept = text();
  append(*open(), {"3"});
  const std::string whole = text();
  for (std::size_t size = kept.size() + 1; size < whole.size(); ++size) {
    for (const std::size_t zeros : {std::size_t{1}, whole.size() - size, 4096 - size % 4096}) {
      write(whole.substr(0, size) + std::string(zeros, '\0'));
      append(*open(true), {"4"});
      ASSERT_THAT(sequence_numbers(), ElementsAre("1", "2", "4"))
          << "torn after " << size - kept.size() << " bytes, with " << zeros << " zeros";
    }
  }
}

TEST_F(DeadLettersTest, OnlyLineTornAnywhereWithZerosBehindItIsCutOff) {
  append(*open(), {"1"});
  const std::string whole = text();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    write(whole.substr(0, size) + std::string(4096 - size % 4096, '\0'));
    append(*open(true), {"2"});
    ASSERT_THAT(sequence_numbers(), ElementsAre("2")) << "torn after " << size << " bytes";
  }
}

TEST_F(DeadLettersTest, BlocksThatNeverReachedTheDiskAreCutOff) {
  append(*open(), {"1"});
  const std::string kept = text();
  append(*open(), {"2", "3"});
  const std::string whole = text();
  std::string middle = whole, front = whole;
  middle.replace(kept.size() + 300, 400, 400, '\0');  // the line's end is there
  front.replace(kept.size(), whole.size() - kept.size() - 40, whole.size() - kept.size() - 40, '\0');
  for (const std::string& damaged : {middle, front, kept + std::string(100'000, '\0')}) {
    write(damaged);
    open(true);
    EXPECT_EQ(text(), kept);
  }
  write(std::string(100, '\0'));
  append(*open(true), {"4"});
  EXPECT_THAT(sequence_numbers(), ElementsAre("4"));
}

TEST_F(DeadLettersTest, LinesLongerThanABlockAreSeenWhole) {
  const std::string large(1'000'000, 'x');
  ASSERT_TRUE(open()->append(std::vector{letter("1", large), letter("2", large)}, origin));
  const std::string whole = text();
  open();
  EXPECT_EQ(text(), whole);
  write(whole.substr(0, whole.size() - 1));
  open(true);
  EXPECT_THAT(sequence_numbers(), ElementsAre("1"));
  EXPECT_EQ(contents().letters[0].data_size, large.size());
}

TEST_F(DeadLettersTest, SomethingElseInItsPlaceIsAnErrorAndStaysAsItIs) {
  std::string noise(5000, ' ');
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * i * 31 + 17);
  for (const std::string& other : {std::string("hello\n"), std::string("hello"), noise, std::string("\n"),
                                   std::string("{\"dead_letter\":2,\"a\":1}\n"), std::string("{\"a\":1}\n")}) {
    write(other);
    EXPECT_THAT(why_not(), HasSubstr(file().string() + " holds something else at byte"));
    EXPECT_EQ(text(), other);
  }
  fs::remove(file());
  fs::create_directory(file());
  EXPECT_THAT(why_not(), HasSubstr(file().string()));
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_THAT(why_not(), HasSubstr("no regular file; move it away"));
}

TEST_F(DeadLettersTest, ErrorsSayWhatWhereAndTheCureInOneLine) {
  std::ofstream(root_ / "file") << "x";
  config_.path = root_ / "file" / "below";
  for (int i = 0; i < 2; ++i) {
    const std::string why = why_not();
    EXPECT_THAT(why, HasSubstr("dead letters: can't make the directory " + config_.path.string()));
    EXPECT_THAT(why, HasSubstr("; move what is in the way, or set dead_letter.path"));
    EXPECT_THAT(why, Not(HasSubstr("\n")));
    config_.path = config_.path.parent_path();
  }
}

// ---- rotation

TEST_F(DeadLettersTest, FullFileIsSetAside) {
  append(*open(), {"1"});
  const std::uint64_t line = fs::file_size(file());
  config_.max_file_size = 2 * line;
  const auto letters = open();
  for (const char* number : {"2", "3", "4", "5", "6", "7", "8", "9"}) append(*letters, {number});
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9"));
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(config_.path)) {
    EXPECT_LE(entry.file_size(), config_.max_file_size);
    ++files;
  }
  EXPECT_EQ(files, 5u);
}

TEST_F(DeadLettersTest, LettersTooLargeForAFileGetOneOfTheirOwn) {
  config_.max_file_size = 1024;
  const auto letters = open();
  ASSERT_TRUE(letters->append(std::vector{letter("1", std::string(5000, 'x'))}, origin));
  ASSERT_TRUE(letters->append(std::vector{letter("2", std::string(5000, 'x'))}, origin));
  append(*letters, {"3", "4", "5"});
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(DeadLettersTest, NoFileIsOverwritten) {
  config_.max_file_size = 1024;
  const auto letters = open();
  // Many within one millisecond.
  for (int i = 0; i < 300; ++i) append(*letters, {"1", "2"});
  EXPECT_THAT(sequence_numbers(), SizeIs(600));
}

// ---- a disk that is full

TEST_F(DeadLettersTest, WriteThatFailsLeavesNothing) {
  const auto letters = open();
  append(*letters, {"1"});
  const std::string before = text();
  {
    const test::FileSizeLimit limit(before.size() + before.size() / 2);
    const auto appended = letters->append(std::vector{letter("2"), letter("3")}, origin);
    ASSERT_FALSE(appended);
    EXPECT_THAT(appended.error(), HasSubstr("dead letters: can't write " + file().string()));
    EXPECT_THAT(appended.error(), HasSubstr("File too large; raise the limit"));
    EXPECT_EQ(text(), before);
  }
  append(*letters, {"4"});
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "4"));
}

constexpr int no_permission = 77;

// In a child with a small file system of its own, which goes with it. Returns what to exit with.
int fill_a_disk(config::DeadLetter config, const fs::path& root) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", root.c_str(), "tmpfs", 0, "size=64k") != 0) {
    return no_permission;
  }
  bool repaired = false;
  auto letters = DeadLetters::open(config, origin.application, origin.shard_id, repaired);
  if (!letters) return 2;
  std::uint64_t size = 0;
  for (int i = 0;; ++i) {
    const auto appended = (*letters)->append(std::vector{letter("1", std::string(1000, 'x'))}, origin);
    if (appended) {
      size += *appended;
      continue;
    }
    const fs::path file = config.path / DeadLetterName::of(origin.application, origin.shard_id).str();
    if (fs::file_size(file) != size) return 3;
    if (appended.error() != file_problem("write", file, ENOSPC)) return 4;
    break;
  }
  return size > 0 ? 0 : 5;
}

TEST_F(DeadLettersTest, FullDiskLeavesNothingHalf) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fill_a_disk(config_, root_));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_permission) GTEST_SKIP() << "may not mount a tmpfs";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(file_problem("write", "/f", ENOSPC),
              "dead letters: can't write /f: No space left on device; free space there, or set dead_letter.path to "
              "another disk");
}

// ---- changes while the host writes

// Whether somebody waits for the lock of that file.
bool has_waiter(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const std::string inode = ":" + std::to_string(status.st_ino) + " ";
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("-> FLOCK") != std::string::npos && line.find(inode) != std::string::npos) return true;
  }
  return false;
}

TEST_F(DeadLettersTest, AppendWaitsForTheLockAndGoesToTheFileThatHasTheName) {
  const auto letters = open();
  append(*letters, {"1"});
  auto locked = open_locked(file());
  ASSERT_TRUE(locked) << locked.error();
  std::thread writer([&] { append(*letters, {"2"}); });
  while (!has_waiter(file())) std::this_thread::yield();
  // As an edit does: another file takes the name.
  fs::copy_file(file(), file().string() + ".new");
  fs::rename(file().string() + ".new", file());
  locked->reset();
  writer.join();
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "2"));
}

TEST_F(DeadLettersTest, EditKeepsRemovesAndReplaces) {
  append(*open(), {"1"});
  config_.max_file_size = 2 * fs::file_size(file());
  const auto letters = open();
  for (const char* number : {"2", "3", "4", "5", "6"}) append(*letters, {number});
  const auto removed = store().edit("shardId-000000000007", [](const StoredLetter* stored, std::string& replacement) {
    const std::string& number = stored->about.sequence_number;
    if (number == "2" || number == "3" || number == "4") return DeadLetterStore::Edit::remove;
    if (number != "5") return DeadLetterStore::Edit::keep;
    append_dead_letter(replacement, letter("55", binary), origin);
    return DeadLetterStore::Edit::replace;
  });
  ASSERT_TRUE(removed) << removed.error();
  EXPECT_EQ(*removed, 3u);
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "55", "6"));
  append(*letters, {"7"});
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "55", "6", "7")) << "the host goes on where the file is now";
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

bool is_locked(const fs::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;
}

TEST_F(DeadLettersTest, HostWritesOnWhileFullFilesAreChanged) {
  append(*open(), {"1"});
  config_.max_file_size = 2 * fs::file_size(file());
  const auto letters = open();
  for (const char* number : {"2", "3", "4", "5"}) append(*letters, {number});
  std::vector<std::string> asked;
  const auto edited = store().edit("shardId-000000000007", [&](const StoredLetter* stored, std::string&) {
    const std::string& number = stored->about.sequence_number;
    asked.push_back(number);
    if (number == "1") {
      EXPECT_FALSE(is_locked(file()));
      // A file becomes full meanwhile.
      if (!is_locked(file())) append(*letters, {"6"});
      if (!is_locked(file())) append(*letters, {"7"});
    }
    if (number == "7") {
      EXPECT_TRUE(is_locked(file()));
    }
    return number == "1" || number == "6" ? DeadLetterStore::Edit::remove : DeadLetterStore::Edit::keep;
  });
  ASSERT_TRUE(edited) << edited.error();
  EXPECT_EQ(*edited, 2u);
  EXPECT_THAT(asked, ElementsAre("1", "2", "3", "4", "5", "6", "7"));
  EXPECT_THAT(sequence_numbers(), ElementsAre("2", "3", "4", "5", "7"));
}

TEST_F(DeadLettersTest, FileThatNothingIsLeftOfIsRemoved) {
  const auto letters = open();
  append(*letters, {"1", "2"});
  const auto all = [](const StoredLetter*, std::string&) { return DeadLetterStore::Edit::remove; };
  ASSERT_TRUE(store().edit("shardId-000000000007", all));
  EXPECT_TRUE(fs::is_empty(config_.path));
  append(*letters, {"3"});
  EXPECT_THAT(sequence_numbers(), ElementsAre("3"));
}

TEST_F(DeadLettersTest, EditThatFailsChangesNothing) {
  append(*open(), {"1", "2", "3"});
  const std::string before = text();
  {
    const test::FileSizeLimit limit(before.size() / 3);
    const auto edited = store().edit("shardId-000000000007", [](const StoredLetter* stored, std::string&) {
      return stored->about.sequence_number == "1" ? DeadLetterStore::Edit::remove : DeadLetterStore::Edit::keep;
    });
    ASSERT_FALSE(edited);
    EXPECT_THAT(edited.error(), HasSubstr("File too large"));
  }
  EXPECT_EQ(text(), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(config_.path), {}), 1) << "no draft is left";
}

TEST_F(DeadLettersTest, RoomForChangesIsRoomForACopy) {
  append(*open(), {"1", "2", "3"});
  EXPECT_EQ(store().room_for_changes("shardId-000000000007"), "");
  {
    const test::FileSizeLimit limit(text().size() - 1);
    EXPECT_THAT(store().room_for_changes("shardId-000000000007"), HasSubstr("File too large"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(config_.path), {}), 1) << "no draft is left";
}

TEST_F(DeadLettersTest, NothingIsLostWhileWritersAndEditorsMeet) {
  config_.max_file_size = 4096;
  constexpr int writers = 3, each = 60;
  open();
  std::atomic<int> left = writers;
  std::vector<std::jthread> threads;
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      const auto letters = open();
      for (int i = 0; i < each; ++i) append(*letters, {std::to_string(w * 1000 + i).c_str()});
      --left;
    });
  }
  std::multiset<std::string> taken;
  do {
    const auto edited = store().edit("shardId-000000000007", [&](const StoredLetter* stored, std::string&) {
      taken.insert(stored->about.sequence_number);
      return DeadLetterStore::Edit::remove;
    });
    ASSERT_TRUE(edited) << edited.error();
  } while (left > 0);
  threads.clear();
  for (const std::string& number : sequence_numbers()) taken.insert(number);
  EXPECT_THAT(taken, SizeIs(writers * each));
  EXPECT_THAT(std::set<std::string>(taken.begin(), taken.end()), SizeIs(writers * each));
}

TEST_F(DeadLettersTest, DamagedLineIsToldAndKept) {
  append(*open(), {"1", "2", "3"});
  std::string damaged = text();
  damaged[damaged.find("\"sequence_number\":\"2\"") + 1] = 'z';
  write(damaged);
  EXPECT_THAT(sequence_numbers(), ElementsAre("1", "3"));
  EXPECT_THAT(contents().damaged, ElementsAre(file().string() + ":2: sequence_number is missing or wrong"));
  std::size_t unreadable = 0;
  ASSERT_TRUE(store().edit("shardId-000000000007", [&](const StoredLetter* stored, std::string&) {
    unreadable += stored == nullptr;
    return stored != nullptr && stored->about.sequence_number == "1" ? DeadLetterStore::Edit::remove
                                                                     : DeadLetterStore::Edit::keep;
  }));
  EXPECT_EQ(unreadable, 1u);
  EXPECT_EQ(text(), damaged.substr(damaged.find('\n') + 1));
}

TEST_F(DeadLettersTest, CopiesCountOnce) {
  const auto letters = open();
  DeadLetter again = letter("1");
  again.attempts = 9;
  const std::vector<DeadLetter> all{letter("1"), letter("2"), again, letter("1", "other data")};
  ASSERT_TRUE(letters->append(all, origin));
  const auto unique = without_copies(contents().letters);
  ASSERT_THAT(unique, SizeIs(3));
  EXPECT_EQ(unique[0].about.sequence_number, "1");
  EXPECT_EQ(unique[0].about.attempts, 9u);
  EXPECT_EQ(unique[1].about.sequence_number, "2");
  EXPECT_EQ(unique[2].data_size, 10u);
}

TEST_F(DeadLettersTest, OneChangeAtATime) {
  append(*open(), {"1"});
  auto first = store().lock_for_changes();
  ASSERT_TRUE(first) << first.error();
  const auto second = store().lock_for_changes();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("another kclhost dead-letters replay or purge is at work"));
  first->reset();
  EXPECT_TRUE(store().lock_for_changes());
}

TEST_F(DeadLettersTest, NoDirectoryMeansNoLetters) {
  EXPECT_THAT(contents().letters, IsEmpty());
  EXPECT_FALSE(fs::exists(config_.path));
}

}  // namespace
}  // namespace kclhost::host::store
