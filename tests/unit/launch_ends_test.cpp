// How those who look after processes take the ends of these. tests/launch and tests/hub have the rest.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core_fixtures.hpp"
#include "launch/streams.hpp"

namespace kclhost::host::launch {
namespace {

using testing::HasSubstr;

class Ends : public testing::Test {
 protected:
  // Each takes over signals and children, so it gets a process of its own; its exit code, and what it logs in log_.
  template <class Work>
  int in_a_process(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
      const Fd log(::open((dir_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      ::dup2(log.get(), STDERR_FILENO);
      ::_exit(work());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    log_ = test::contents(dir_ / "log");
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

  long lines() const { return std::count(log_.begin(), log_.end(), '\n'); }

  test::TempDir dir_;
  std::string log_;
};

const std::string stop = "kill -TERM $PPID; ";

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

}  // namespace
}  // namespace kclhost::host::launch
