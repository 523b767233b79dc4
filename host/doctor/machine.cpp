// What this machine, or the container, lets a process have.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "doctor/checks.hpp"
#include "launch/heap.hpp"
#include "support/available_memory.hpp"
#include "support/memory_file.hpp"

namespace kclhost::host::doctor {
namespace {

struct Limit {
  int resource;
  rlim_t least;  // of it
  const char* what;
  const char* why;
  const char* cure;
};

constexpr rlim_t least_tasks = 512;
constexpr char why_tasks[] = "Java has some dozens of threads, and each shard takes two processes and some threads";

// For some dozens of shards; Java raises its own limit to the hard one.
constexpr Limit hard_limits[] = {
    {RLIMIT_NOFILE, 1024, "descriptors of a process",
     "the daemon has its jars, its connections and three pipes for each shard open",
     "raise it: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker"},
    {RLIMIT_NPROC, least_tasks, "processes and threads of this user", why_tasks,
     "raise it: ulimit -u, LimitNPROC= of systemd, --ulimit nproc= of Docker"},
    {RLIMIT_FSIZE, 1ull << 30, "bytes in a file", "batches in memory and files of dead letters count too",
     "lift it: ulimit -f unlimited, LimitFSIZE=infinity of systemd"},
    {RLIMIT_AS, 4ull << 30, "bytes of address space", "Java reserves far more than it uses",
     "lift it (ulimit -v unlimited, LimitAS=infinity of systemd), and limit memory by MemoryMax= or the container's "
     "limit"},
};

void look_at_limit(const Limit& limit, Outcome& outcome) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource>(limit.resource), &now) != 0) return;
  if (limit.resource == RLIMIT_NPROC && ::geteuid() == 0) return;  // is not for root
  // A user may raise the soft limit, but only Java does so, and only this one.
  const rlim_t counts = limit.resource == RLIMIT_NOFILE ? now.rlim_max : now.rlim_cur;
  if (counts == RLIM_INFINITY || counts >= limit.least) return;
  outcome.findings.push_back(
      {"", "the limit on " + std::string(limit.what) + " is " + std::to_string(counts) + ": " + limit.why, limit.cure});
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

Outcome look_at_limits(Setup& setup) {
  Outcome outcome;
  for (const Limit& limit : hard_limits) look_at_limit(limit, outcome);
  if (const std::uint64_t tasks = allowed_tasks(); tasks < least_tasks) {
    outcome.findings.push_back(
        {"", "the control group allows " + std::to_string(tasks) + " processes and threads: " + why_tasks,
         "raise it: TasksMax= of systemd, --pids-limit of Docker, podPidsLimit of Kubernetes"});
  }
  rlimit core{};
  if (setup.config.worker.core_dumps && ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0) {
    outcome.findings.push_back(
        {setup.file(), "worker.core_dumps is on, but the limit on core files is 0, so there will be none",
         "lift it (ulimit -c unlimited, LimitCORE=infinity of systemd, --ulimit core=-1 of Docker), "
         "or leave worker.core_dumps out"});
  }
  if (!make_memory_file("kclhost-doctor")) {
    outcome.findings.push_back(
        {"", std::string("memfd_create is refused: ") + std::strerror(errno) + ": batches are in such memory",
         "allow it in the seccomp profile"});
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  outcome.says = std::to_string(files.rlim_max) + " descriptors";
  return outcome;
}

Outcome look_at_memory(Setup& setup) {
  if (!setup.has_daemon()) return not_looked(no_daemon);
  Outcome outcome;
  const std::uint64_t heap = launch::heap_limit(setup.config.daemon, setup.memory);
  // Each stream of the file has a daemon, all on this machine.
  const int daemons = setup.config.daemon.daemons;
  const std::uint64_t heaps = heap * static_cast<std::uint64_t>(daemons);
  const std::string several =
      daemons == 1 ? "" : std::to_string(daemons) + " daemons with a heap of " + mebibytes(heap) + " each";
  const std::string there_is = mebibytes(setup.memory) + " that there are";
  if (heaps > setup.memory / 4 * 3) {
    outcome.findings.push_back({setup.file(),
                                (several.empty() ? "the daemon's heap" : several) + " may grow to " + mebibytes(heaps) +
                                    " of " + there_is + ", and Java, hosts and plugins need more besides",
                                "leave daemon.heap (and -Xmx in daemon.jvm_options) out, which makes it a quarter" +
                                    std::string(several.empty() ? "" : " for all of them together") +
                                    ", or give this machine or container more memory"});
  } else if (const auto worker = setup.config.worker.max_memory; worker && heaps + *worker > setup.memory) {
    outcome.findings.push_back({setup.file(),
                                "worker.max_memory, " + mebibytes(*worker) + ", and " +
                                    (several.empty() ? "the daemon's heap of " + mebibytes(heap) : several) +
                                    " are more than the " + there_is + ": workers are killed before they reach it",
                                "set worker.max_memory lower, or give this machine or container more memory"});
  }
  outcome.says = (several.empty() ? "a heap of " + mebibytes(heap) : several) + ", of " + there_is;
  return outcome;
}

}  // namespace kclhost::host::doctor
