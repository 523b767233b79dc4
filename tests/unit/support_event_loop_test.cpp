#include "support/event_loop.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>

#include "core_fixtures.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;
using test::Pipe;

const auto never = [] { return false; };
Clock::time_point in(std::chrono::milliseconds duration) {
  return Clock::now() + duration;
}

void put(const Pipe& pipe, std::string_view bytes = "x") {
  test::write_all(pipe.out.get(), bytes);
}
char get(const Pipe& pipe) {
  char byte = 0;
  EXPECT_EQ(::read(pipe.in.get(), &byte, 1), 1);
  return byte;
}

TEST(EventLoop, AsksFirst) {
  EventLoop loop;
  EXPECT_TRUE(loop.run_until([] { return true; }, Clock::time_point::min()));
}

TEST(EventLoop, CallsWhatCanBeRead) {
  EventLoop loop;
  Pipe quiet, busy;
  std::string got;
  loop.add(quiet.in.get(), [&] { ADD_FAILURE() << "nothing to read here"; });
  loop.add(busy.in.get(), [&] { got += get(busy); });
  put(busy, "abc");
  EXPECT_TRUE(loop.run_until([&] { return got.size() == 3; }));
  EXPECT_EQ(got, "abc");
}

TEST(EventLoop, CallsForAHangUp) {
  EventLoop loop;
  Pipe pipe;
  bool called = false;
  loop.add(pipe.in.get(), [&] { called = true; });
  pipe.out.reset();
  EXPECT_TRUE(loop.run_until([&] { return called; }));
}

TEST(EventLoop, TheDeadlinePasses) {
  EventLoop loop;
  Pipe quiet;
  loop.add(quiet.in.get(), [] {});
  const auto deadline = in(20ms);
  EXPECT_FALSE(loop.run_until(never, deadline));
  EXPECT_GE(Clock::now(), deadline);
}

TEST(EventLoop, TheDeadlinePassesWithNothingToWatch) {
  EventLoop loop;
  EXPECT_FALSE(loop.run_until(never, in(5ms)));
  EXPECT_FALSE(loop.run_until(never, Clock::now() - 1h));
}

// A plugin that prints without end must not put off its own deadline.
TEST(EventLoop, TheDeadlinePassesWhileADescriptorIsAlwaysReady) {
  EventLoop loop;
  Pipe busy;
  put(busy);
  std::size_t calls = 0;
  loop.add(busy.in.get(), [&] { ++calls; });
  EXPECT_FALSE(loop.run_until([&] { return calls == 2'000'000; }, in(20ms)));
}

TEST(EventLoop, ABusyDescriptorStarvesNoOther) {
  EventLoop loop;
  Pipe first, second, third;
  std::string order;
  for (const auto& [pipe, name] : {std::pair{&first, '1'}, {&second, '2'}, {&third, '3'}}) {
    put(*pipe);
    loop.add(pipe->in.get(), [&order, c = name] { order += c; });  // never read: always ready
  }
  loop.run_until([&] { return order.size() == 9; });
  EXPECT_EQ(order, "123123123");
}

TEST(EventLoop, AHandlerMayRemoveItselfAndUseItsCaptures) {
  EventLoop loop;
  Pipe pipe;
  put(pipe);
  std::string seen;
  loop.add(pipe.in.get(), [&, text = std::string(100, 'c')] {
    loop.remove(pipe.in.get());
    seen = text;
  });
  EXPECT_TRUE(loop.run_until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen, std::string(100, 'c'));
}

TEST(EventLoop, AHandlerMayAddMany) {
  EventLoop loop;
  Pipe pipe;
  put(pipe);
  std::vector<Pipe> more(50);
  std::size_t calls = 0;
  loop.add(pipe.in.get(), [&] {
    get(pipe);
    for (const Pipe& one : more) {
      put(one);
      loop.add(one.in.get(), [&] { get(one), ++calls; });
    }
  });
  EXPECT_TRUE(loop.run_until([&] { return calls == more.size(); }));
}

TEST(EventLoop, ADescriptorClosedBehindItsBackIsTold) {
  EventLoop loop;
  Pipe pipe;
  const int fd = pipe.in.get();
  bool called = false;
  loop.add(fd, [&] {
    called = true;
    loop.remove(fd);
  });
  pipe.in.reset();
  EXPECT_TRUE(loop.run_until([&] { return called; }));
}

// ---- One turn

TEST(EventLoopTurn, CallsAllThatIsReadyOnce) {
  EventLoop loop;
  Pipe first, quiet, second;
  std::string order;
  loop.add(first.in.get(), [&] { order += '1'; });
  loop.add(quiet.in.get(), [] { ADD_FAILURE() << "nothing to read here"; });
  loop.add(second.in.get(), [&] { order += '2'; });
  put(first);
  put(second);
  loop.turn();
  EXPECT_EQ(order, "12");
  loop.turn();
  EXPECT_EQ(order, "1212");
}

TEST(EventLoopTurn, EndsAtItsDeadline) {
  EventLoop loop;
  Pipe quiet;
  loop.add(quiet.in.get(), [] { ADD_FAILURE() << "nothing to read here"; });
  const auto deadline = in(20ms);
  loop.turn(deadline);
  EXPECT_GE(Clock::now(), deadline);
}

TEST(EventLoopTurn, HandlesWhatIsReadyWhenTheDeadlineHasPassed) {
  EventLoop loop;
  Pipe pipe;
  int calls = 0;
  loop.add(pipe.in.get(), [&] { ++calls; });
  put(pipe);
  for (const auto deadline : {Clock::time_point::min(), Clock::now(), Clock::time_point::max()}) loop.turn(deadline);
  EXPECT_EQ(calls, 3);
}

TEST(EventLoopTurn, RemovedIsNotCalled) {
  EventLoop loop;
  Pipe one, two;
  put(one);
  put(two);
  int calls = 0;
  // Whoever comes first removes both.
  for (const Pipe* pipe : {&one, &two}) {
    loop.add(pipe->in.get(), [&] {
      ++calls;
      loop.remove(one.in.get());
      loop.remove(two.in.get());
    });
  }
  loop.turn();
  loop.turn(in(1ms));
  EXPECT_EQ(calls, 1);
}

// The number of a descriptor that was closed is another's at once.
TEST(EventLoopTurn, AddedUnderARemovedOnesNumberItIsNotCalledForIt) {
  EventLoop loop;
  Pipe one, two;
  put(one);
  put(two);
  bool replaced = false;
  loop.add(one.in.get(), [&] {
    loop.remove(one.in.get());
    loop.remove(two.in.get());
    get(two);
    loop.add(two.in.get(), [&] { replaced = true; });
  });
  loop.add(two.in.get(), [] { ADD_FAILURE() << "removed"; });
  loop.turn();
  loop.turn(in(1ms));
  EXPECT_FALSE(replaced) << "there is nothing to read any more";
  put(two);
  loop.turn();
  EXPECT_TRUE(replaced);
}

TEST(EventLoopTurn, AHandlerMayRemoveItselfAndUseItsCaptures) {
  EventLoop loop;
  Pipe pipe;
  put(pipe);
  std::string seen;
  loop.add(pipe.in.get(), [&, text = std::string(100, 'c')] {
    loop.remove(pipe.in.get());
    for (int i = 0; i < 100; ++i) loop.add(pipe.out.get(), [] {});
    loop.remove(pipe.out.get());
    seen = text;
  });
  loop.turn();
  EXPECT_EQ(seen, std::string(100, 'c'));
}

TEST(EventLoopTurn, TellsWhatCanBeWritten) {
  EventLoop loop;
  Pipe pipe;
  int room = 0;
  ::fcntl(pipe.out.get(), F_SETFL, O_NONBLOCK);
  const std::string bytes(4096, 'x');
  while (::write(pipe.out.get(), bytes.data(), bytes.size()) > 0) {
  }
  loop.add_writable(pipe.out.get(), [&] { ++room; });
  loop.turn(in(1ms));
  EXPECT_EQ(room, 0);
  std::string all(1 << 20, '\0');
  ASSERT_GT(::read(pipe.in.get(), all.data(), all.size()), 0);
  loop.turn();
  EXPECT_EQ(room, 1);
  loop.remove(pipe.out.get());
  loop.turn(in(1ms));
  EXPECT_EQ(room, 1);
}

#ifndef NDEBUG
TEST(EventLoopTurnDeathTest, IsNotForHandlers) {
  EventLoop loop;
  Pipe pipe;
  put(pipe);
  loop.add(pipe.in.get(), [&] { loop.turn(); });
  EXPECT_DEATH(loop.turn(), "a handler waits");
}
#endif

TEST(EventLoop, SignalsDoNotDisturb) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  EventLoop loop;
  Pipe pipe;
  std::string got;
  loop.add(pipe.in.get(), [&] { got += get(pipe); });
  const auto self = ::pthread_self();
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) ::pthread_kill(self, SIGUSR1);
    put(pipe);
  });
  EXPECT_TRUE(loop.run_until([&] { return !got.empty(); }));
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace kclhost::host
