#include "protocol/line_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core_fixtures.hpp"
#include "core_messages.hpp"

namespace kclhost::host::protocol {
namespace {

using Lines = std::vector<std::string>;

// A reader on a pipe. Bytes are fed in pieces, and each piece is read before the next is written.
class Stream {
 public:
  // Returns the lines that are whole now.
  Lines feed(std::string_view bytes) {
    Lines lines;
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, 60'000);
      bytes.remove_prefix(piece.size());
      test::write_all(pipe.out.get(), piece);
      while (pipe.waiting() != 0) {
        reader.read_some();
        drain(lines);
      }
    }
    drain(lines);
    return lines;
  }
  Lines end() {
    pipe.out.reset();
    Lines lines;
    while (!reader.ended()) {
      reader.read_some();
      drain(lines);
    }
    return lines;
  }

  test::Pipe pipe;
  SharedBuffer buffer;
  BatchDecoder batch{buffer};
  LineReader reader{pipe.in.get(), batch};

 private:
  void drain(Lines& lines) {
    while (reader.ready()) {
      const auto line = reader.take();
      if (!line) return;
      lines.emplace_back(line->begin(), line->end());
      line->data()[line->size()] = '\0';  // as decoding does
    }
  }
};

std::string filled(std::size_t size, unsigned seed) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + (seed = seed * 1103515245 + 12345) / 65536 % 26);
  return text;
}

TEST(LineReader, SplitsAtAnyTwoReadBoundaries) {
  const std::string stream = "{\"a\":1}\n\n{}\nlast line\n";
  const Lines expected = {"{\"a\":1}", "", "{}", "last line"};
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      Stream input;
      Lines lines = input.feed(stream.substr(0, first));
      for (auto& line : input.feed(stream.substr(first, second - first))) lines.push_back(line);
      for (auto& line : input.feed(stream.substr(second))) lines.push_back(line);
      ASSERT_EQ(lines, expected) << "split at " << first << " and " << second;
    }
  }
}

TEST(LineReader, ByteByByte) {
  Stream input;
  Lines lines;
  for (const char byte : std::string("one\ntwo\n\nthree\n")) {
    for (auto& line : input.feed({&byte, 1})) lines.push_back(line);
  }
  EXPECT_EQ(lines, (Lines{"one", "two", "", "three"}));
}

TEST(LineReader, AllSizesAroundTheSmallBuffer) {
  for (std::size_t size = 65'530; size <= 65'545; ++size) {
    Stream input;
    const std::string line = filled(size, 7);
    EXPECT_EQ(input.feed("before\n" + line + "\nafter\n"), (Lines{"before", line, "after"})) << size;
    EXPECT_EQ(input.feed(line + "\n" + line + "\n"), (Lines{line, line})) << size;
  }
}

TEST(LineReader, LinesOfManyMegabytes) {
  Stream input;
  for (const std::size_t size : {70'000u, 1u << 20, (1u << 20) + 1, 5'000'000u, 300'000u}) {
    const std::string line = filled(size, static_cast<unsigned>(size));
    ASSERT_EQ(input.feed(line + "\n"), Lines{line}) << size;
    ASSERT_EQ(input.feed("short\n"), Lines{"short"}) << "after " << size;
  }
}

TEST(LineReader, WhatFollowsALargeLineInTheSameReadIsKept) {
  Stream input;
  const std::string large = filled(200'000, 3), rest = filled(90'000, 4);
  // The last read brings the end of the large line, two whole ones and a part.
  EXPECT_EQ(input.feed(large.substr(0, 190'000)), Lines{});
  EXPECT_EQ(input.feed(large.substr(190'000) + "\nsecond\n\nunfin"), (Lines{large, "second", ""}));
  EXPECT_EQ(input.feed("ished\n"), Lines{"unfinished"});
  EXPECT_EQ(input.feed(rest + "\n"), Lines{rest});
}

TEST(LineReader, WhatFollowsALargeLineMayBeLargeItself) {
  Stream input;
  ::fcntl(input.pipe.out.get(), F_SETPIPE_SZ, 1 << 20);  // nobody reads while we write
  const std::string first = filled(70'000, 5), second = filled(700'000, 6);
  test::write_all(input.pipe.out.get(), first + "\n" + second);
  EXPECT_EQ(input.feed("!\nthird\n"), (Lines{first, second + "!", "third"}));
}

TEST(LineReader, ManyLinesInOneRead) {
  Stream input;
  std::string stream;
  Lines expected;
  for (int i = 0; i < 20'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    stream += expected.back() + "\n";
  }
  EXPECT_EQ(input.feed(stream), expected);
}

TEST(LineReader, EndAfterAWholeLine) {
  Stream input;
  EXPECT_EQ(input.feed("whole\n"), Lines{"whole"});
  EXPECT_FALSE(input.reader.ended());
  EXPECT_EQ(input.end(), Lines{});
  EXPECT_TRUE(input.reader.ready());
  EXPECT_EQ(input.reader.unfinished(), 0u);
  EXPECT_EQ(input.reader.take(), std::nullopt);
}

TEST(LineReader, EndInALine) {
  for (const std::size_t size : {3u, 65'536u, 65'537u, 200'000u}) {
    Stream input;
    EXPECT_EQ(input.feed("whole\n" + filled(size, 1)), Lines{"whole"});
    EXPECT_EQ(input.end(), Lines{});
    EXPECT_EQ(input.reader.unfinished(), size);
    EXPECT_EQ(input.reader.take(), std::nullopt);
  }
}

TEST(LineReader, TheEndComesAfterTheLinesBeforeIt) {
  Stream input;
  test::write_all(input.pipe.out.get(), "one\ntwo\n");
  input.pipe.out.reset();
  for (const std::string expected : {"one", "two"}) {
    input.reader.read_some();
    EXPECT_FALSE(input.reader.ended());
    const auto line = input.reader.take();
    ASSERT_TRUE(line);
    EXPECT_EQ(std::string(line->begin(), line->end()), expected);
  }
  input.reader.read_some();
  EXPECT_TRUE(input.reader.ended());
  EXPECT_EQ(input.reader.take(), std::nullopt);
  EXPECT_EQ(input.reader.unfinished(), 0u);
}

TEST(LineReader, TellsWhereALineBegan) {
  Stream input;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  const auto read = [&] {
    while (input.pipe.waiting() != 0) {
      input.reader.read_some();
      while (input.reader.ready() && input.reader.take()) {
        places.emplace_back(input.reader.line_number(), input.reader.line_offset());
      }
    }
  };
  const std::string stream = "ab\n\n" + filled(100'000, 2) + "\nx\n";
  for (std::size_t at = 0; at < stream.size(); at += 50'000) {
    test::write_all(input.pipe.out.get(), std::string_view(stream).substr(at, 50'000));
    read();
  }
  EXPECT_EQ(places, (std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {2, 3}, {3, 4}, {4, 4 + 100'001}}));
}

TEST(LineReader, OtherLinesThanBatchesAreNotForTheDecoder) {
  Stream input;
  EXPECT_EQ(input.feed("no batch\n"), Lines{"no batch"});
  EXPECT_EQ(input.buffer.size(), 0u);
}

TEST(LineReader, ABatchIsDecodedOutOfTheWindowWhileItArrives) {
  Stream input;
  for (const auto& [records, size] : std::vector<std::pair<int, std::size_t>>{{1, 8'000'000}, {30, 200'000}, {9, 4}}) {
    const std::string line = test::batch(records, size);
    std::thread daemon([&] { test::write_all(input.pipe.out.get(), line + "\n"); });
    while (!input.reader.ready()) input.reader.read_some();
    daemon.join();
    const auto rest = input.reader.take();
    ASSERT_TRUE(rest);
    EXPECT_LE(rest->size(), 65'536u) << "as if nothing had been taken";
    const auto message = input.batch.decode(*rest);
    ASSERT_TRUE(message) << message.error();
    EXPECT_EQ(test::copy_of(*message), test::parsed(line));
  }
  EXPECT_EQ(input.reader.line_number(), 3u);
  EXPECT_EQ(input.feed("after\n"), Lines{"after"});
  EXPECT_EQ(input.reader.line_offset(),
            test::batch(1, 8'000'000).size() + test::batch(30, 200'000).size() + test::batch(9, 4).size() + 3);
}

TEST(LineReader, AnUnfinishedBatchIsCounted) {
  Stream input;
  const std::string begun = test::batch(50, 4'000).substr(0, 150'000);
  EXPECT_EQ(input.feed(begun), Lines{});
  EXPECT_EQ(input.end(), Lines{});
  EXPECT_EQ(input.reader.unfinished(), begun.size());
}

TEST(LineReader, WhatComesWhileABatchIsInHandLeavesItAlone) {
  Stream input;
  const std::string in_hand = test::batch(10, 400), ahead = test::batch(100, 1'000);
  test::write_all(input.pipe.out.get(), in_hand + "\nan answer\n" + ahead.substr(0, 50'000));
  input.reader.read_some();
  auto rest = input.reader.take();
  ASSERT_TRUE(rest);
  const auto message = input.batch.decode(*rest);
  ASSERT_TRUE(message);
  input.reader.allow_batch(false);
  ASSERT_EQ(input.reader.take()->size(), 9u);
  test::write_all(input.pipe.out.get(), ahead.substr(50'000) + "\n");
  while (input.reader.wants_more()) input.reader.read_some();
  EXPECT_FALSE(input.reader.ready());
  EXPECT_NE(input.pipe.waiting(), 0u) << "all of it has been read";
  EXPECT_EQ(test::copy_of(*message), test::parsed(in_hand));
  input.reader.allow_batch(true);
  while (input.reader.wants_more()) input.reader.read_some();
  rest = input.reader.take();
  ASSERT_TRUE(rest);
  const auto next = input.batch.decode(*rest);
  ASSERT_TRUE(next);
  EXPECT_EQ(test::copy_of(*next), test::parsed(ahead));
}

TEST(LineReader, GivesALargeLinesMemoryBack) {
  Stream input;
  for (int round = 0; round < 2; ++round) {
    const std::string line = filled(5'000'000, 9);
    EXPECT_EQ(input.feed(line + "\n"), Lines{line});
    input.reader.release();
    EXPECT_EQ(input.feed("short\n"), Lines{"short"});
  }
}

TEST(LineReader, WaitsForNobodyOnceALineIsThere) {
  Stream input;
  test::write_all(input.pipe.out.get(), "line\n");
  input.reader.read_some();
  ASSERT_TRUE(input.reader.ready());
  input.reader.read_some();  // the pipe is empty now: this would block
  EXPECT_EQ(input.reader.take()->size(), 4u);
}

TEST(LineReader, ANonBlockingPipeWithNothingInItIsNoEnd) {
  Stream input;
  ::fcntl(input.pipe.in.get(), F_SETFL, O_NONBLOCK);
  input.reader.read_some();
  EXPECT_FALSE(input.reader.ended());
  EXPECT_EQ(input.feed("line\n"), Lines{"line"});
}

TEST(LineReader, AFailedReadThrows) {
  SharedBuffer buffer;
  BatchDecoder batch(buffer);
  const Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  LineReader reader(directory.get(), batch);
  EXPECT_THROW(reader.read_some(), std::system_error);
}

}  // namespace
}  // namespace kclhost::host::protocol
