// Readers that stall, come back, or leave: what becomes of the lines, and that nobody waits.
#include "observe/outlet.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "core_fixtures.hpp"

namespace kclhost::host::observe {
namespace {

constexpr std::size_t capacity = 10'000;

std::string notice(std::uint64_t dropped, std::string_view) {
  return "dropped " + std::to_string(dropped) + "\n";
}

// What a host may be given as its standard error or as its way to the launcher, with the reader's side.
struct Way {
  virtual ~Way() = default;
  virtual Outlet outlet() = 0;
  virtual Fd& reader() = 0;
  // Everything that has arrived, each line with its end.
  virtual std::string read() {
    std::string all;
    char bytes[4096];
    ::fcntl(reader().get(), F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = ::read(reader().get(), bytes, sizeof bytes)) > 0;) all.append(bytes, static_cast<size_t>(n));
    return all;
  }
  // Whether the writer's end still blocks for those who share it.
  virtual int writer() const = 0;
};

struct PipeWay : Way {
  test::Pipe pipe;
  Outlet outlet() override { return Outlet::to_descriptor(pipe.out.get(), notice, capacity); }
  Fd& reader() override { return pipe.in; }
  int writer() const override { return pipe.out.get(); }
};

struct StreamWay : Way {
  Fd ends[2];
  StreamWay() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ends[0].reset(pair[0]);
    ends[1].reset(pair[1]);
  }
  Outlet outlet() override { return Outlet::to_descriptor(ends[1].get(), notice, capacity); }
  Fd& reader() override { return ends[0]; }
  int writer() const override { return ends[1].get(); }
};

struct TerminalWay : Way {
  Fd ends[2];
  TerminalWay() {
    int master, slave;
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    termios raw{};
    ::tcgetattr(slave, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave, TCSANOW, &raw);
    ends[0].reset(master);
    ends[1].reset(slave);
  }
  Outlet outlet() override { return Outlet::to_descriptor(ends[1].get(), notice, capacity); }
  Fd& reader() override { return ends[0]; }
  int writer() const override { return ends[1].get(); }
};

struct DatagramWay : StreamWay {
  DatagramWay() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    ends[0].reset(pair[0]);
    ends[1].reset(pair[1]);
  }
  Outlet outlet() override { return Outlet::to_socket(Fd(::dup(ends[1].get())), notice, capacity); }
  std::string read() override {
    std::string all;
    char bytes[4096];
    for (ssize_t n; (n = ::recv(ends[0].get(), bytes, sizeof bytes, MSG_DONTWAIT)) >= 0;) {
      all.append(bytes, static_cast<size_t>(n)) += '\n';
    }
    return all;
  }
};

std::unique_ptr<Way> way(const std::string& name) {
  if (name == "Pipe") return std::make_unique<PipeWay>();
  if (name == "Stream") return std::make_unique<StreamWay>();
  if (name == "Terminal") return std::make_unique<TerminalWay>();
  return std::make_unique<DatagramWay>();
}

class OutletTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Ways, OutletTest, testing::Values("Pipe", "Stream", "Terminal", "Datagram"),
                         [](const auto& test) { return std::string(test.param); });

std::string line(int number) {
  return "line " + std::to_string(number) + " " + std::string(200, 'x') + "\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

TEST_P(OutletTest, WhatIsNotWaitedForIsCounted) {
  const auto there = way(GetParam());
  Outlet outlet = there->outlet();
  int written = 0;
  while (outlet.waiting_bytes() < capacity / 2) outlet.write(line(written++));
  outlet.drop_waiting();
  outlet.write("last words\n");
  std::string all;
  for (; outlet.pending(); outlet.flush()) all += there->read();
  const auto lines = lines_of(all += there->read());
  ASSERT_GT(lines.size(), 2u);
  const std::size_t arrived = lines.size() - 2;
  for (std::size_t i = 0; i < arrived; ++i) EXPECT_EQ(lines[i] + "\n", line(static_cast<int>(i)));
  EXPECT_EQ(lines[arrived] + "\n", notice(static_cast<std::size_t>(written) - arrived, ""));
  EXPECT_EQ(lines[arrived + 1], "last words");
}

TEST_P(OutletTest, WithoutAReaderNothingWaitsAndTheDroppedAreCounted) {
  const auto there = way(GetParam());
  Outlet outlet = there->outlet();
  constexpr int sent = 5'000;  // a megabyte: more than any buffer on the way takes
  for (int i = 0; i < sent; ++i) outlet.write(line(i));
  EXPECT_TRUE(outlet.pending());
  EXPECT_EQ(::fcntl(there->writer(), F_GETFL) & O_NONBLOCK, 0) << "others share it";
  std::string text;
  do {
    text += there->read();
    outlet.flush();
  } while (outlet.pending());
  text += there->read();
  const auto lines = lines_of(text);
  ASSERT_GT(lines.size(), 1u);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) ASSERT_EQ(lines[i] + "\n", line(static_cast<int>(i)));
  EXPECT_EQ(lines.back(), "dropped " + std::to_string(sent - (lines.size() - 1)));
}

TEST_P(OutletTest, LinesAfterTheNoticeArriveAgain) {
  const auto there = way(GetParam());
  Outlet outlet = there->outlet();
  for (int i = 0; i < 5'000; ++i) outlet.write(line(i));
  while (outlet.pending()) {
    there->read();
    outlet.flush();
  }
  there->read();
  outlet.write("after\n");
  EXPECT_EQ(there->read(), "after\n");
  EXPECT_FALSE(outlet.pending());
}

TEST_P(OutletTest, AReaderThatLeavesCostsNothingButLines) {
  const auto there = way(GetParam());
  Outlet outlet = there->outlet();
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < 5'000; ++i) outlet.write(line(i));
  there->reader().reset();
  for (int i = 0; i < 10; ++i) outlet.write(line(i));
  EXPECT_TRUE(!outlet.pending() || outlet.broken());
  ::signal(SIGPIPE, before);
}

TEST_P(OutletTest, ALineLongerThanTheBufferIsWhole) {
  const auto there = way(GetParam());
  if (std::string(GetParam()) == "Datagram") GTEST_SKIP() << "the log sends such a line to standard error";
  Outlet outlet = there->outlet();
  const std::string longest(1'000'000, 'y');
  outlet.write(longest + "\n");
  std::string text;
  while (outlet.pending()) {
    text += there->read();
    outlet.flush();
  }
  text += there->read();
  EXPECT_TRUE(text == longest + "\n");
}

TEST(Outlet, APipeThatCantBeOpenedAgainIsAskedBeforeEachWrite) {
  test::Pipe pipe;
  ::fchmod(pipe.out.get(), 0);
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::seteuid(65'534), 0);  // root may open everything
  }
  Outlet outlet = Outlet::to_descriptor(pipe.out.get(), notice, capacity);
  if (user == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  for (int i = 0; i < 5'000; ++i) outlet.write(line(i));
  EXPECT_TRUE(outlet.pending());
  std::size_t seen = 0;
  char bytes[100'000];
  ::fcntl(pipe.in.get(), F_SETFL, O_NONBLOCK);
  while (outlet.pending()) {
    for (ssize_t n; (n = ::read(pipe.in.get(), bytes, sizeof bytes)) > 0;) seen += static_cast<std::size_t>(n);
    outlet.flush();
  }
  EXPECT_GT(seen, capacity);
}

TEST(Outlet, AClosedDescriptorTakesEverythingAndSaysNothing) {
  Outlet outlet = Outlet::to_descriptor(-1, notice, capacity);
  outlet.write("lost\n");
  EXPECT_FALSE(outlet.pending());
}

TEST(Outlet, WhatAFullFileDoesNotTakeIsCounted) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Outlet outlet = Outlet::to_descriptor(full.get(), notice, capacity);
  for (int i = 0; i < 100; ++i) outlet.write(line(i));
  EXPECT_FALSE(outlet.pending());
}

}  // namespace
}  // namespace kclhost::host::observe
