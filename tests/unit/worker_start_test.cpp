// Starting workers where the system gives little.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <thread>

#include "core_fixtures.hpp"
#include "worker/worker_loop.hpp"
#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

using test::In;

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

class WorkerStart : public test::WorkerTest {
 protected:
  // In a process of its own, whose limits are its own: 0, or what it returns.
  int in_a_process(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      int code = 99;
      decode.emplace();  // the other one's buffer stays with the parent
      try {
        code = body();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(testing::Test::HasFailure() ? 98 : code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  static int descriptors() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      count += entry.path().empty() ? 0 : 1;
    return count;
  }
  // Threads take a moment to end.
  static void wait_for_descriptors(int count) {
    while (descriptors() != count) std::this_thread::yield();
  }
  // "" when it could be started.
  std::string error_of_start(In in) {
    test::FakeListener heard;
    auto started = in == In::process
                       ? start_process(test::FakeListener::id, spec_of(teller), loop, &decode->buffer, heard)
                       : start_thread(test::FakeListener::id, spec_of(teller), loop, &decode->buffer, heard);
    return started ? "" : started.error();
  }
  void a_whole_life() {
    up(teller);
    call(order("a"));
    EXPECT_TRUE(ok());
    call(Call::destroy);
    EXPECT_TRUE(listener->over);
    EXPECT_FALSE(listener->death);
  }
};

TEST_F(WorkerStart, OnAThreadThatCanNotGoOnItClosesItsChannel) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  Channel host = std::move(ends->first);
  const test::Pipe no_memory;
  ASSERT_EQ(host.send({.kind = Kind::view}, {}, Channel::Wait::yes, no_memory.in.get()), Channel::Sent::yes);
  EXPECT_THROW(serve({test::FakeListener::id, HostLink::Where::host, Channel(std::move(ends->second)),
                      *ControlPage::make("{}", KCLHOST_LOG_INFO), decode->buffer.open_read_only()}),
               std::system_error);
  Packet packet;
  EXPECT_EQ(host.receive(packet, Channel::Wait::no), Channel::Received::closed);
}

TEST_F(WorkerStart, IsShownAsOne) {
  up(teller);
  const std::string process = "/proc/" + std::to_string(pid());
  const auto first_line = [](const std::string& path) {
    std::string line;
    std::ifstream file(path, std::ios::binary);
    std::getline(file, line);
    return line;
  };
  EXPECT_EQ(first_line(process + "/comm"), "kclhost-worker");
  const std::string shown = first_line(process + "/cmdline");
  EXPECT_EQ(shown.substr(0, shown.find_last_not_of('\0') + 1), std::string("kclhost\0worker", 14));
}

TEST_F(WorkerStart, HasNoMoreOfTheHostThanItNeeds) {
  namespace fs = std::filesystem;
  const test::Pipe pipe;
  const Fd far(::fcntl(pipe.out.get(), F_DUPFD, 300));
  up(teller);
  const fs::path process = "/proc/" + std::to_string(pid());
  int far_ones = 0;
  for (const auto& entry : fs::directory_iterator(process / "fd")) {
    const int fd = std::stoi(entry.path().filename());
    EXPECT_TRUE(fd <= 2 || fd >= 200) << fd;
    far_ones += fd >= 200;
    EXPECT_NE(fs::read_symlink(entry.path()), fs::read_symlink("/proc/self/fd/" + std::to_string(pipe.in.get())));
  }
  EXPECT_EQ(far_ones, 2) << "the channel, and the memory of the batches";
  // Of memory that processes share.
  std::ifstream maps(process / "maps");
  std::string batches, controls;
  for (std::string address, access, rest; maps >> address >> access && std::getline(maps, rest);) {
    if (!access.ends_with('s')) continue;
    std::string& found = rest.find("kclhost-batch") != std::string::npos ? batches : controls;
    found += access;
    EXPECT_TRUE(rest.find("kclhost-batch") != std::string::npos || rest.find("kclhost-control") != std::string::npos)
        << rest;
  }
  EXPECT_EQ(batches, "r--s");
  EXPECT_EQ(controls, "rw-s");
}

TEST_F(WorkerStart, NoMoreProcesses) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user without processes";
  EXPECT_EQ(0, in_a_process([this] {
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_NPROC, &none);
              if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
              const int before = descriptors();
              for (const In in : {In::process, In::thread}) {
                const std::string error = error_of_start(in);
                EXPECT_NE(error.find("a worker can't be started: "), std::string::npos) << error;
                EXPECT_NE(error.find("ulimit -u"), std::string::npos) << error;
                EXPECT_EQ(error.find('\n'), std::string::npos);
              }
              wait_for_descriptors(before);
              return 0;
            }));
}

// Whatever the descriptor is that is missing.
TEST_F(WorkerStart, NoMoreDescriptors) {
  if (sanitized) GTEST_SKIP() << "the sanitizer needs descriptors itself";
  EXPECT_EQ(0, in_a_process([this] {
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              const int before = descriptors();
              for (const In in : {In::process, In::thread}) {
                int refused = 0;
                for (rlim_t room = 0;; ++room) {
                  const Fd next(::dup(0));
                  limit.rlim_cur = static_cast<rlim_t>(next.get()) + room;
                  ::setrlimit(RLIMIT_NOFILE, &limit);
                  const std::string error = error_of_start(in);
                  limit.rlim_cur = limit.rlim_max;
                  ::setrlimit(RLIMIT_NOFILE, &limit);
                  if (error.empty()) break;
                  ++refused;
                  EXPECT_NE(error.find("ulimit -n"), std::string::npos) << error;
                }
                EXPECT_GE(refused, 3);
              }
              wait_for_descriptors(before);
              return 0;
            }));
}

TEST_F(WorkerStart, FewDescriptorsAreEnough) {
  EXPECT_EQ(0, in_a_process([this] {
              const rlimit few{64, 64};
              ::setrlimit(RLIMIT_NOFILE, &few);
              a_whole_life();
              return 0;
            }));
}

TEST_F(WorkerStart, StandardDescriptorsMayBeClosed) {
  EXPECT_EQ(0, in_a_process([this] {
              ::close(0);
              ::close(1);
              a_whole_life();
              return 0;
            }));
}

// Many of each leave nothing behind.
TEST_F(WorkerStart, LeavesNothingBehind) {
  EXPECT_EQ(0, in_a_process([this] {
              a_whole_life();
              life.reset();
              const int before = descriptors();
              for (int i = 0; i < 10; ++i) {
                a_whole_life();
                up(teller);  // and let go in the middle of its life
                // A sanitizer's heap may be locked for good in a fork that is made while a thread ends.
                if (!sanitized) up(teller, In::thread);
                call(Call::destroy);
                life.reset();
              }
              wait_for_descriptors(before);
              EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
              return 0;
            }));
}

TEST_F(WorkerStart, AWorkerWithAMemoryLimitOnlyLowersIt) {
  if (sanitized) GTEST_SKIP() << "the sanitizer needs memory itself";
  Spec spec = spec_of(hostile);
  spec.max_memory = std::uint64_t{1} << 62;
  begin(spec);
  turn_until([this] { return listener->about || listener->over; });
  ASSERT_TRUE(listener->about);
  spec.max_memory = std::uint64_t{512} << 20;
  begin(spec);
  turn_until([this] { return listener->about || listener->over; });
  call(Call::create);
  call(order("sh ulimit -d"));
  EXPECT_EQ(listener->texts().back(), "1048576");
}

TEST_F(WorkerStart, AHostWhoseChildrenTheSystemReaps) {
  EXPECT_EQ(0, in_a_process([this] {
              ::signal(SIGCHLD, SIG_IGN);
              up(teller);
              call(order("exit 3"));
              EXPECT_TRUE(listener->death);
              EXPECT_NE(listener->death->message.find("does not say how"), std::string::npos)
                  << listener->death->message;
              return 0;
            }));
}

// ---- Without pidfd_open: old kernels, and some containers' filters

bool refuse(int call_number, int error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call_number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class WithoutPidfd : public WorkerStart, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Errors, WithoutPidfd, testing::Values(ENOSYS, EPERM));

TEST_P(WithoutPidfd, LivesAndDeathsAreTheSame) {
  EXPECT_EQ(0, in_a_process([this] {
              if (!refuse(SYS_pidfd_open, GetParam()) || !refuse(SYS_pidfd_send_signal, GetParam())) return 1;
              a_whole_life();
              up(teller);
              call(order("exit 3"));
              // The leak sanitizer looks around at exit, and may fail behind a filter of system calls.
              EXPECT_TRUE(listener->death->message.starts_with(sanitized ? "ended by exit(" : "ended by exit(3)"))
                  << listener->death->message;
              up(teller);
              ::kill(pid(), SIGKILL);
              wait_for_end();
              EXPECT_EQ(listener->death->detail, SIGKILL);
              up(teller);
              send(order("wait"));
              life->kill(Death::Kind::timeout, "ended for a reason");
              wait_for_end();
              EXPECT_EQ(listener->death->message, "ended for a reason");
              // Its channel stays open in a child, so that nothing but a look tells of its end.
              up(hostile);
              call(order("sh sleep 1000 >/dev/null & exec kill -9 $PPID"));
              EXPECT_EQ(listener->death->detail, SIGKILL);
              up(teller);
              life.reset();
              return 0;
            }));
}

}  // namespace
}  // namespace kclhost::host::worker
