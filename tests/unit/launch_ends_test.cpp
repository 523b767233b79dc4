// How those who look after processes take the ends of these. tests/launch and tests/hub have the rest.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core_fixtures.hpp"
#include "launch/streams.hpp"
#include "launch/supervisor.hpp"

namespace kclhost::host::launch {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Ends : public testing::Test {
 protected:
  // Each takes over signals and children, so it gets a process of its own; its exit code, and what it logs in log_.
  template <class Work>
  int in_a_process(Work work) {
    test::Pipe log;
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(log.out.get(), STDERR_FILENO);
      ::_exit(work());
    }
    log.out.reset();
    char page[4096];
    for (ssize_t size; (size = ::read(log.in.get(), page, sizeof page)) > 0;) {
      log_.append(page, static_cast<std::size_t>(size));
      if (slow_reader_) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << log_;
    return WEXITSTATUS(status);
  }

  // With a script in the place of a stream's launch; 0: all was in order.
  int streams_end(const std::string& script) {
    return in_a_process([&] {
      const auto hub = hub::Hub::open(dir_.path());
      if (!hub) return 2;
      (*hub)->streams().emplace_back().name = "clicks";
      Outputs outputs{config::Log{}};
      const StreamsJob job{.commands = {{"/bin/sh", "-c", script}}, .hub = **hub};
      const auto in_order = look_after_streams(job, outputs);
      return in_order ? (*in_order ? 0 : 1) : 2;
    });
  }

  // With one in the daemon's.
  int daemon_ends(const std::string& script) {
    return in_a_process([&] {
      auto sink = LogSink::open(dir_.path());
      if (!sink) return 2;
      Outputs outputs{config::Log{}};
      Job job;
      job.arguments = {"/bin/sh", "-c", script};
      return supervise(job, *sink, outputs) ? 0 : 2;
    });
  }

  long lines() const { return std::count(log_.begin(), log_.end(), '\n'); }

  test::TempDir dir_;
  std::string log_;
  bool slow_reader_ = false;
};

const std::string stop = "kill -TERM $PPID; ";
// Until it is sleep, and no longer the shell.
const std::string leave_one_behind = "sleep 1000 & while [ $(cat /proc/$!/comm) != sleep ]; do :; done; ";

TEST_F(Ends, AStreamThatIsStoppedBeforeItHasBegunIsInOrder) {
  EXPECT_EQ(streams_end(stop + "exec sleep 1000"), 0);
  EXPECT_EQ(log_, "");
}

TEST_F(Ends, AStreamThatFailsToStopIsNamed) {
  EXPECT_EQ(streams_end("trap 'exit 7' TERM; " + stop + "while :; do sleep 0.05; done"), 1);
  EXPECT_THAT(log_, HasSubstr("its launch ended with exit status 7 while it was shutting down"));
  EXPECT_THAT(log_, HasSubstr(R"("level":"warn")"));
  EXPECT_THAT(log_, HasSubstr(R"("stream":"clicks")"));
  EXPECT_EQ(lines(), 1);
}

TEST_F(Ends, WhatAStreamLeftBehindIsNamedWhenItIsKilled) {
  EXPECT_EQ(streams_end(leave_one_behind + stop + "exec sleep 1000"), 0);
  EXPECT_THAT(log_, ContainsRegex(R"re(killed 1 process .* the last launch.*: sleep \(pid [0-9]+\)")re"));
  EXPECT_EQ(lines(), 1);
}

TEST_F(Ends, ASlowReaderGetsAStreamsLastLines) {
  slow_reader_ = true;
  EXPECT_EQ(streams_end("yes xxxxxxxxx | head -n 3000; " + stop + "exec sleep 1000"), 0);
  EXPECT_EQ(lines(), 3000);
}

TEST_F(Ends, WhatTheDaemonLeftBehindIsNamedWhenItIsKilled) {
  EXPECT_EQ(daemon_ends(leave_one_behind + leave_one_behind), 0);
  EXPECT_THAT(log_, HasSubstr(R"("level":"warn")"));
  EXPECT_THAT(log_,
              ContainsRegex(R"re(killed 2 processes .* the daemon.*: sleep \(pid [0-9]+\), sleep \(pid [0-9]+\)")re"));
  EXPECT_EQ(lines(), 1);
}

TEST_F(Ends, SoManyThatTheirNamesFillNoLineAreCounted) {
  EXPECT_EQ(daemon_ends("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done"), 0);
  EXPECT_THAT(log_, HasSubstr("killed 12 processes"));
  EXPECT_THAT(log_, ContainsRegex(R"re(\(pid [0-9]+\), and 2 more")re"));
}

TEST_F(Ends, ADaemonThatLeavesNothingBehindIsNothingToTellOf) {
  EXPECT_EQ(daemon_ends("exit 0"), 0);
  EXPECT_EQ(log_, "");
}

}  // namespace
}  // namespace kclhost::host::launch
