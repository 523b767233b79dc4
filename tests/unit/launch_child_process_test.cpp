#include "launch/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "launch/run_program.hpp"

namespace kclhost::host::launch {
namespace {

using namespace std::chrono_literals;

TEST(DescribeEnd, HasANumberForASignalWithoutAName) {
  EXPECT_EQ(describe_end(SIGKILL), "was killed by SIGKILL");
  EXPECT_EQ(describe_end(34), "was killed by signal 34");
  EXPECT_EQ(describe_end(3 << 8), "ended with exit status 3");
}

TEST(RestartPauses, GrowToAMinute) {
  RestartPauses pauses;
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) EXPECT_EQ(pauses.after(1s), expected);
}

TEST(RestartPauses, BeginAnewAfterALongLife) {
  RestartPauses pauses;
  for (int i = 0; i < 10; ++i) pauses.after(59s);
  EXPECT_EQ(pauses.after(59s), 60s);
  EXPECT_EQ(pauses.after(60s), 1s);
  EXPECT_EQ(pauses.after(0s), 2s);
}

TEST(RunProgram, IsNoSuccessWhereNobodyIsToldOfTheEnd) {
  ::signal(SIGCHLD, SIG_IGN);
  const auto ran = run_program({"/bin/false"});
  ::signal(SIGCHLD, SIG_DFL);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error(), "/bin/false: how it ended can't be told: No child processes");
  const auto told = run_program({"/bin/false"});
  ASSERT_TRUE(told) << told.error();
  EXPECT_EQ(told->wait_status, 1 << 8);
}

}  // namespace
}  // namespace kclhost::host::launch
