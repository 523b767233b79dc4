#include "protocol/line_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core_fixtures.hpp"

namespace kclhost::protocol {
namespace {

using Lines = std::vector<std::string>;

enum class Way { take, take_into_batch };

// A reader on a pipe. Bytes are fed in pieces, and each piece is read before the next is written.
class Stream {
 public:
  explicit Stream(Way way = Way::take) : way_(way) {}

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
  std::optional<std::span<char>> next() { return way_ == Way::take ? reader.take() : reader.take_into_batch(); }

  test::Pipe pipe;
  SharedBuffer buffer;
  BatchDecoder batch{buffer};
  LineReader reader{pipe.in.get(), batch};

 private:
  void drain(Lines& lines) {
    while (reader.ready()) {
      const auto line = next();
      if (!line) return;
      if (way_ == Way::take_into_batch) {
        EXPECT_EQ(line->data(), batch.line()) << "not at the buffer's start";
      }
      lines.emplace_back(line->begin(), line->end());
      line->data()[line->size()] = '\0';  // as decoding does
    }
  }

  Way way_;
};

std::string filled(std::size_t size, unsigned seed) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + (seed = seed * 1103515245 + 12345) / 65536 % 26);
  return text;
}

class EitherWay : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(LineReader, EitherWay, testing::Values(Way::take, Way::take_into_batch),
                         [](const auto& test) { return test.param == Way::take ? "Take" : "TakeIntoBatch"; });

TEST_P(EitherWay, SplitsAtAnyTwoReadBoundaries) {
  const std::string stream = "{\"a\":1}\n\n{}\nlast line\n";
  const Lines expected = {"{\"a\":1}", "", "{}", "last line"};
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      Stream input(GetParam());
      Lines lines = input.feed(stream.substr(0, first));
      for (auto& line : input.feed(stream.substr(first, second - first))) lines.push_back(line);
      for (auto& line : input.feed(stream.substr(second))) lines.push_back(line);
      ASSERT_EQ(lines, expected) << "split at " << first << " and " << second;
    }
  }
}

TEST_P(EitherWay, ByteByByte) {
  Stream input(GetParam());
  Lines lines;
  for (const char byte : std::string("one\ntwo\n\nthree\n")) {
    for (auto& line : input.feed({&byte, 1})) lines.push_back(line);
  }
  EXPECT_EQ(lines, (Lines{"one", "two", "", "three"}));
}

TEST_P(EitherWay, AllSizesAroundTheSmallBuffer) {
  for (std::size_t size = 65'530; size <= 65'545; ++size) {
    Stream input(GetParam());
    const std::string line = filled(size, 7);
    EXPECT_EQ(input.feed("before\n" + line + "\nafter\n"), (Lines{"before", line, "after"})) << size;
    EXPECT_EQ(input.feed(line + "\n" + line + "\n"), (Lines{line, line})) << size;
  }
}

TEST_P(EitherWay, LinesOfManyMegabytes) {
  Stream input(GetParam());
  for (const std::size_t size : {70'000u, 1u << 20, (1u << 20) + 1, 5'000'000u, 300'000u}) {
    const std::string line = filled(size, static_cast<unsigned>(size));
    ASSERT_EQ(input.feed(line + "\n"), Lines{line}) << size;
    ASSERT_EQ(input.feed("short\n"), Lines{"short"}) << "after " << size;
  }
}

TEST_P(EitherWay, WhatFollowsALargeLineInTheSameReadIsKept) {
  Stream input(GetParam());
  const std::string large = filled(200'000, 3), rest = filled(90'000, 4);
  // The last read brings the end of the large line, two whole ones and a part.
  EXPECT_EQ(input.feed(large.substr(0, 190'000)), Lines{});
  EXPECT_EQ(input.feed(large.substr(190'000) + "\nsecond\n\nunfin"), (Lines{large, "second", ""}));
  EXPECT_EQ(input.feed("ished\n"), Lines{"unfinished"});
  EXPECT_EQ(input.feed(rest + "\n"), Lines{rest});
}

TEST_P(EitherWay, WhatFollowsALargeLineMayBeLargeItself) {
  Stream input(GetParam());
  const std::string first = filled(70'000, 5), second = filled(700'000, 6);
  test::write_all(input.pipe.out.get(), first + "\n" + second);
  EXPECT_EQ(input.feed("!\nthird\n"), (Lines{first, second + "!", "third"}));
}

TEST_P(EitherWay, ManyLinesInOneRead) {
  Stream input(GetParam());
  std::string stream;
  Lines expected;
  for (int i = 0; i < 20'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    stream += expected.back() + "\n";
  }
  EXPECT_EQ(input.feed(stream), expected);
}

TEST_P(EitherWay, EndAfterAWholeLine) {
  Stream input(GetParam());
  EXPECT_EQ(input.feed("whole\n"), Lines{"whole"});
  EXPECT_FALSE(input.reader.ended());
  EXPECT_EQ(input.end(), Lines{});
  EXPECT_TRUE(input.reader.ready());
  EXPECT_EQ(input.reader.unfinished(), 0u);
  EXPECT_EQ(input.next(), std::nullopt);
}

TEST_P(EitherWay, EndInALine) {
  for (const std::size_t size : {3u, 65'536u, 65'537u, 200'000u}) {
    Stream input(GetParam());
    EXPECT_EQ(input.feed("whole\n" + filled(size, 1)), Lines{"whole"});
    EXPECT_EQ(input.end(), Lines{});
    EXPECT_EQ(input.reader.unfinished(), size);
    EXPECT_EQ(input.next(), std::nullopt);
  }
}

TEST_P(EitherWay, TheEndComesAfterTheLinesBeforeIt) {
  Stream input(GetParam());
  test::write_all(input.pipe.out.get(), "one\ntwo\n");
  input.pipe.out.reset();
  for (const std::string expected : {"one", "two"}) {
    input.reader.read_some();
    EXPECT_FALSE(input.reader.ended());
    const auto line = input.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(std::string(line->begin(), line->end()), expected);
  }
  input.reader.read_some();
  EXPECT_TRUE(input.reader.ended());
  EXPECT_EQ(input.next(), std::nullopt);
  EXPECT_EQ(input.reader.unfinished(), 0u);
}

TEST_P(EitherWay, TellsWhereALineBegan) {
  Stream input(GetParam());
  std::vector<std::pair<std::size_t, std::size_t>> places;
  const auto read = [&] {
    while (input.pipe.waiting() != 0) {
      input.reader.read_some();
      while (input.reader.ready() && input.next()) {
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

TEST(LineReader, ShortLinesLeaveTheBatchAlone) {
  Stream input;
  EXPECT_EQ(input.feed("a batch\n"), Lines{"a batch"});
  EXPECT_EQ(input.buffer.size(), 0u);
}

TEST(LineReader, AnAnswerTakenWhileABatchIsInHandLeavesTheBatchAlone) {
  Stream input(Way::take_into_batch);
  test::write_all(input.pipe.out.get(), "the batch in hand\nthe answer\n");
  input.reader.read_some();
  const auto batch = input.reader.take_into_batch();
  ASSERT_TRUE(batch);
  const auto answer = input.reader.take();
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::string(answer->begin(), answer->end()), "the answer");
  EXPECT_EQ(std::string(batch->begin(), batch->end()), "the batch in hand");
}

TEST(LineReader, WhatMayNotUseTheBatchStaysInThePipe) {
  Stream input(Way::take_into_batch);
  const std::string ahead = filled(100'000, 8);
  test::write_all(input.pipe.out.get(), "in hand\nshort\n" + ahead.substr(0, 60'000));
  input.reader.read_some();
  const auto batch = input.reader.take_into_batch();
  input.reader.allow_batch(false);
  ASSERT_EQ(input.reader.take()->size(), 5u);
  test::write_all(input.pipe.out.get(), ahead.substr(60'000) + "\n");
  while (input.reader.wants_more()) input.reader.read_some();
  EXPECT_FALSE(input.reader.ready());
  EXPECT_NE(input.pipe.waiting(), 0u);
  EXPECT_EQ(std::string(batch->begin(), batch->end()), "in hand");
  input.reader.allow_batch(true);
  while (input.reader.wants_more()) input.reader.read_some();
  const auto line = input.reader.take_into_batch();
  ASSERT_TRUE(line);
  EXPECT_EQ(std::string(line->begin(), line->end()), ahead);
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
}  // namespace kclhost::protocol
