// A schema may lead back to itself without an end, or have a pattern that takes years: valijson follows both until the
// stack or the day is over. So it works in a child of this process, which may end however it likes.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>

#include "plugin/config_schema.hpp"
#include "support/fd.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::plugin {
namespace {

constexpr rlim_t most_seconds = 2;  // of CPU time

void append(std::string& bytes, std::uint64_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append(std::string& bytes, std::string_view text) {
  append(bytes, std::uint64_t{text.size()});
  bytes += text;
}

std::string packed(const Result<std::vector<Misfit>>& found) {
  std::string bytes;
  append(bytes, found ? std::string_view() : found.error());
  append(bytes, std::uint64_t{found ? found->size() : 0});
  for (std::size_t i = 0; found && i < found->size(); ++i) {
    const Misfit& misfit = (*found)[i];
    append(bytes, misfit.message);
    append(bytes, std::uint64_t{misfit.path.size()});
    for (const std::string& name : misfit.path) append(bytes, name);
  }
  return bytes;
}

// Reads what packed() made; what is missing is 0 and "".
class Unpacked {
 public:
  explicit Unpacked(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t number = 0;
    const std::string_view bytes = rest_.substr(0, sizeof number);
    std::memcpy(&number, bytes.data(), bytes.size());
    rest_.remove_prefix(bytes.size());
    return number;
  }
  std::string text() {
    const std::string_view text = rest_.substr(0, number());
    rest_.remove_prefix(text.size());
    return std::string(text);
  }

 private:
  std::string_view rest_;
};

Result<std::vector<Misfit>> unpacked(std::string_view bytes) {
  Unpacked from(bytes);
  if (std::string error = from.text(); !error.empty()) return Error{std::move(error)};
  std::vector<Misfit> misfits(from.number());
  for (Misfit& misfit : misfits) {
    misfit.message = from.text();
    misfit.path.resize(from.number());
    for (std::string& name : misfit.path) name = from.text();
  }
  return misfits;
}

[[noreturn]] void work(const Fd& to, const std::string& schema, const std::string& configuration) {
  const rlimit time{most_seconds, most_seconds}, none{0, 0};
  // A worker's handlers would take our end for the plugin's.
  for (const int fatal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) ::signal(fatal, SIG_DFL);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setrlimit(RLIMIT_CPU, &time);
  ::setrlimit(RLIMIT_CORE, &none);
  // Its end is told by us, in one line.
  const int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(quiet, STDERR_FILENO);
  const std::string bytes = packed(find_misfits_unguarded(schema, configuration));
  ::_exit(write_all(to.get(), bytes) ? 0 : 1);
}

std::string read_to_end(const Fd& from) {
  std::string all;
  char bytes[4096];
  for (;;) {
    const ssize_t n = ::read(from.get(), bytes, sizeof bytes);
    if (n > 0) all.append(bytes, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return all;
  }
}

}  // namespace

Result<std::vector<Misfit>> find_misfits(const std::string& schema, const std::string& configuration) {
#ifdef __SANITIZE_ADDRESS__
  // GCC's address sanitizer does not know of forks: beside another thread the child may wait for its heap for ever.
  const std::filesystem::directory_iterator threads("/proc/self/task");
  if (std::distance(begin(threads), end(threads)) > 1) return find_misfits_unguarded(schema, configuration);
#endif
  const auto refused = [] {
    return Error{"the plugin's config_schema can't be tried: " + std::generic_category().message(errno)};
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return refused();
  Fd ours(ends[0]), childs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return refused();
  if (child == 0) work(childs, schema, configuration);
  childs.reset();
  const std::string bytes = read_to_end(ours);
  int status = 0;
  pid_t ended;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // Where the system reaps this process's children nobody is told how they ended; one that answered was done.
  if (ended == child ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : !bytes.empty()) return unpacked(bytes);
  return Error{
      "the plugin's config_schema can't be used: it takes too much time or memory; does a $ref lead back to itself, or "
      "does a pattern repeat what repeats?"};
}

}  // namespace kclhost::host::plugin
