// How a worker's process ends, and what is told of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

using test::In;
using test::Lines;

class WorkerDeath : public test::WorkerTest {
 protected:
  const Death& death() const { return *listener->death; }
  // A plugin that does it in initialize, deep in functions with names to look for.
  void crash(const std::string& how) {
    up(crasher);
    call({.call = Call::initialize, .shard_id = how, .sequence_number = "1"});
    ASSERT_TRUE(listener->death);
  }
  // A call that never returns, in a plugin that was told to hang there.
  void hang(const char* fault, const char* in, Call call_) {
    start(KCLHOST_ZOO "/misbehave.so", std::string(R"({"fault":")") + fault + R"(","in":")" + in + "\"}");
    ASSERT_TRUE(listener->about);
    call(Call::create);
    ASSERT_TRUE(ok());
    send({.call = call_, .shard_id = "s", .sequence_number = "1"});
  }
};

TEST_F(WorkerDeath, ACrashHasItsCauseAndItsStack) {
  crash("writes_nowhere");
  EXPECT_EQ(death().kind, Death::Kind::signal);
  EXPECT_EQ(death().detail, SIGSEGV);
  EXPECT_EQ(death().message, "killed by SIGSEGV at address 0x10");
  EXPECT_TRUE(death().call_begun);
  ASSERT_GE(death().stack.size(), 3u) << listener->frames();
  const std::string all = listener->frames();
  EXPECT_NE(all.find("does_as_told+0x"), std::string::npos) << all;
  EXPECT_NE(all.find(" in configured.so"), std::string::npos) << all;
  EXPECT_LT(all.find("writes_nowhere+0x"), all.find("does_as_told+0x")) << all;
  EXPECT_LT(all.find("does_as_told+0x"), all.find("initialize+0x")) << all;
}

TEST_F(WorkerDeath, TheStackBeginsWithTheFunctionThatFaulted) {
  crash("writes_nowhere");
  EXPECT_EQ(death().stack.at(0).substr(0, 14), "writes_nowhere");
  crash("faults_at_once");
  EXPECT_EQ(death().stack.at(0), "faults_at_once+0x0 in configured.so");
}

// As through a table of functions that was never filled.
TEST_F(WorkerDeath, ACallOfNothing) {
  crash("calls_nothing");
  EXPECT_EQ(death().message, "killed by SIGSEGV at address 0x0");
}

TEST_F(WorkerDeath, AnAbort) {
  crash("gives_up");
  EXPECT_EQ(death().message, "killed by SIGABRT");
  EXPECT_NE(listener->frames().find("gives_up+0x"), std::string::npos) << listener->frames();
}

TEST_F(WorkerDeath, AStackThatOverflows) {
  crash("runs_out_of_stack");
  EXPECT_EQ(death().detail, SIGSEGV) << death().message;
  EXPECT_NE(listener->frames().find("runs_out_of_stack+0x"), std::string::npos) << listener->frames();
}

TEST_F(WorkerDeath, AKillFromOutside) {
  crash("is_killed");
  EXPECT_EQ(death().detail, SIGKILL);
  EXPECT_EQ(death().message, "killed by SIGKILL (by the kernel, when memory ran out, or by a person)");
  EXPECT_TRUE(death().stack.empty());
  EXPECT_TRUE(death().call_begun);
}

TEST_F(WorkerDeath, AnExit) {
  up(teller);
  call(order("exit 3"));
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().kind, Death::Kind::exit);
  EXPECT_EQ(death().detail, 3);
  EXPECT_EQ(death().message, "ended by exit(3)");
}

TEST_F(WorkerDeath, AnExitThatClaimsSuccess) {
  up(teller);
  call(order("exit 0"));
  ASSERT_TRUE(listener->death) << "the call never returned";
  EXPECT_EQ(death().message, "ended by exit(0)");
}

TEST_F(WorkerDeath, APluginThatClosesEverything) {
  up(teller);
  call(order("close"));
  ASSERT_TRUE(listener->death);
}

TEST_F(WorkerDeath, ItsLastWordsComeBeforeIt) {
  up(teller);
  call(process(test::WorkerTest::batch_of({"print", "part", "exit 3"})));
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(listener->texts("stdout"), (Lines{"out one", "out two", "no end"}));
  EXPECT_EQ(listener->texts("stderr"), Lines{"err one"});
}

TEST_F(WorkerDeath, WhatItPrintsBecomesLogLines) {
  up(teller);
  call(order("print"));
  call(order("part"));
  EXPECT_TRUE(ok());
  call(Call::destroy);
  EXPECT_EQ(listener->texts("stdout"), (Lines{"out one", "out two", "no end"}));
  EXPECT_EQ(listener->texts("stderr"), Lines{"err one"});
}

TEST_F(WorkerDeath, BetweenCalls) {
  up(teller);
  ::kill(pid(), SIGKILL);
  wait_for_end();
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().detail, SIGKILL);
}

TEST_F(WorkerDeath, BeforeTheCallItIsNotThePluginsFault) {
  up(teller);
  const pid_t worker = pid();
  ::kill(worker, SIGSTOP);
  send({.call = Call::shutdown_requested});
  ::kill(worker, SIGKILL);
  wait_for_end();
  ASSERT_TRUE(listener->death);
  EXPECT_FALSE(death().call_begun);
}

// What it had said by then counts.
TEST_F(WorkerDeath, AnOutcomeThatCameBeforeTheEndIsTold) {
  up(hostile);
  send(order("outcome and end"));
  wait_for_end();
  EXPECT_TRUE(ok());
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().detail, SIGKILL);
}

TEST_F(WorkerDeath, ACallAfterAnUnseenDeathIsNoFault) {
  up(teller);
  const pid_t worker = pid();
  ::kill(worker, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(worker), &info, WEXITED | WNOWAIT), 0);
  send(order("a"));
  wait_for_end();
  ASSERT_TRUE(listener->death);
  EXPECT_FALSE(death().call_begun);
}

TEST_F(WorkerDeath, APluginThatHangsIsEndedWithItsStack) {
  hang("hang", "initialize", Call::initialize);
  // So far into it that its function is on the stack.
  turn_until([] { return false; }, Clock::now() + std::chrono::milliseconds(200));
  life->kill(Death::Kind::timeout, "ended because initialize took longer than 1s");
  life->kill(Death::Kind::misbehaved, "only the first counts");
  wait_for_end();
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().kind, Death::Kind::timeout);
  EXPECT_EQ(death().message, "ended because initialize took longer than 1s");
  EXPECT_NE(listener->frames().find("Misbehave>::initialize"), std::string::npos) << listener->frames();
}

TEST_F(WorkerDeath, APluginThatIgnoresSignalsIsEndedToo) {
  hang("hang_unkillable", "initialize", Call::initialize);
  life->kill(Death::Kind::timeout, "ended for a reason");
  wait_for_end();
  EXPECT_EQ(death().message, "ended for a reason");
}

TEST_F(WorkerDeath, AHangInDestroy) {
  start(hostile, "\"hang in destroy\"");
  call(Call::create);
  send({.call = Call::destroy});
  life->kill(Death::Kind::timeout, "ended because destroy took longer than 1s");
  wait_for_end();
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().message, "ended because destroy took longer than 1s");
}

TEST_F(WorkerDeath, APluginThatPrintsWithoutEndMissesItsDeadlineAllTheSame) {
  up(teller);
  send(order("flood"));
  turn_until([this] { return listener->lines.size() > 1000; });
  life->kill(Death::Kind::timeout, "ended because it took too long");
  wait_for_end();
  EXPECT_EQ(death().message, "ended because it took too long");
}

// The system tells the one who traces it alone that it has ended.
TEST_F(WorkerDeath, WhatADebuggerDoesNotLetGoOfHasEnded) {
  up(teller);
  const pid_t worker = pid();
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t debugger = ::fork();
  if (debugger == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char traces = ::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr) == 0 ? 'y' : 'n';
    (void)!::write(ready[1], &traces, 1);
    ::pause();
    ::_exit(0);
  }
  char traces = 'n';
  ASSERT_EQ(::read(ready[0], &traces, 1), 1);
  if (traces == 'y') {
    ::kill(worker, SIGKILL);
    wait_for_end();
    EXPECT_EQ(death().message, "ended, and a debugger still has it");
  }
  ::kill(debugger, SIGKILL);
  ::waitpid(debugger, nullptr, 0);
  for (const int fd : ready) ::close(fd);
  if (traces != 'y') GTEST_SKIP() << "no process may trace another one here";
  siginfo_t end{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(worker), &end, WEXITED | WNOWAIT), 0);
  up(teller);
  EXPECT_EQ(::waitpid(worker, nullptr, 0), -1) << "it is no zombie any more";
}

TEST_F(WorkerDeath, ItGoesAwayWithItsHost) {
  up(teller);
  const pid_t worker = pid();
  life.reset();
  EXPECT_EQ(::kill(worker, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// ---- While loading

TEST_F(WorkerDeath, ACrashWhileLoading) {
  for (const char* plugin : {"load_segv.so", "entry_segv.so"}) {
    start(std::string(KCLHOST_ZOO "/") + plugin);
    ASSERT_TRUE(listener->death);
    EXPECT_EQ(death().detail, SIGSEGV) << death().message;
  }
}

TEST_F(WorkerDeath, AnExitWhileLoading) {
  start(KCLHOST_ZOO "/load_call_exit.so");
  EXPECT_EQ(death().message, "ended by exit(5)");
}

TEST_F(WorkerDeath, AHangWhileLoading) {
  begin(spec_of(KCLHOST_ZOO "/load_hang.so"));
  life->kill(Death::Kind::timeout, "ended because loading took longer than timeouts.initialize");
  wait_for_end();
  EXPECT_EQ(death().kind, Death::Kind::timeout);
  EXPECT_FALSE(listener->about);
}

}  // namespace
}  // namespace kclhost::host::worker
