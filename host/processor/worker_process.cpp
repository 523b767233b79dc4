#include "processor/worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "processor/crash.hpp"
#include "processor/worker_main.hpp"
#include "support/process_memory.hpp"

namespace kclhost::host::processor {
namespace {

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

// A worker that does not die of SIGABRT (it may block or hang in its handler) is killed after this.
constexpr std::chrono::milliseconds patience_with_abort{2'000};
constexpr std::size_t longest_line = 16 * 1024;
constexpr std::size_t pipe_size = 64 * 1024;  // as the kernel makes them

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(errno, "pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerSpec spec, EventLoop& loop, const SharedBuffer* batch, Services& services)
    : spec_(std::move(spec)),
      loop_(loop),
      services_(services),
      batch_(batch),
      generation_(batch != nullptr ? batch->generation() : 0),
      control_(spec_.config_json.size()) {
  std::memcpy(control_->config(), spec_.config_json.data(), spec_.config_json.size());
  control_->log_level = spec_.log_level;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail(errno, "socketpair");
  channel_ = Channel(Fd(ends[0]));
  Fd theirs(ends[1]);
  auto [out_read, out_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  out_ = {std::move(out_read), "stdout"};
  err_ = {std::move(err_read), "stderr"};
  spawn(batch, std::move(theirs), std::move(out_write), std::move(err_write));
  loop_.add(channel_.fd(), [this] { on_channel(); });
  loop_.add(out_.fd.get(), [this] { on_output(out_); });
  loop_.add(err_.fd.get(), [this] { on_output(err_); });
  loop_.add(pidfd_.get(), [this] { on_exit(); });
  channel_.send({.kind = Kind::load}, {spec_.staged_path, spec_.plugin_path});
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    loop_.remove(pidfd_.get());
  }
  for (const int fd : {channel_.fd(), out_.fd.get(), err_.fd.get()}) loop_.remove(fd);
}

void WorkerProcess::spawn(const SharedBuffer* batch, Fd channel, Fd out, Fd err) {
  const Fd view = batch != nullptr ? batch->open_read_only() : Fd();
  // A copy would print it too.
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) fail(errno, "starting a worker");
  // A group of its own: a plugin that signals its group reaches neither host nor daemon, and what it forks ends with
  // it. Whoever comes first makes it.
  ::setpgid(pid, pid);
  if (pid == 0) worker_main({channel.get(), control_.fd(), view ? view.get() : -1, out.get(), err.get()});
  // glibc 2.36 declares pidfd_open for C alone.
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd_) {
    const int reason = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    fail(reason, "pidfd_open");
  }
  pid_ = pid;
  limit();
}

void WorkerProcess::limit() {
  // Between worker.max_memory, where a worker is replaced in good order, and this, where allocating fails, lies room
  // for one batch.
  if (spec_.max_memory) {
    const rlimit memory{*spec_.max_memory * 2, *spec_.max_memory * 2};
    ::prlimit(pid_, RLIMIT_DATA, &memory, nullptr);
  }
  if (!spec_.core_dumps) {
    const rlimit none{0, 0};
    ::prlimit(pid_, RLIMIT_CORE, &none, nullptr);
  }
}

std::uint64_t WorkerProcess::resident_memory() const {
  return pid_ > 0 ? kclhost::host::resident_memory(pid_) : 0;
}

void WorkerProcess::start(const Request& request) {
  control_->should_stop = 0;
  call_ = request.call;
  ++calls_sent_;
  busy_ = true;
  may_exit_ = request.call == Call::destroy;
  outcome_.status = KCLHOST_OK;
  outcome_.first_unfinished = 0;
  outcome_.message.clear();
  outcome_.death.reset();
  Header header{.kind = Kind::call, .code = static_cast<std::int32_t>(request.call)};
  if (request.call == Call::process_records) {
    header.a = request.batch.table;
    header.b = request.batch.count | std::uint64_t{request.attempt} << 32;
    header.c = request.batch.millis_behind_latest;
  } else {
    header.a = request.hand_over ? 1 : 0;
    header.c = request.sub_sequence_number;
  }
  // It maps memory that the batch is no longer in, and can't be told here: worker::Life can.
  if (request.call == Call::process_records && batch_->generation() != generation_) ::kill(pid_, SIGKILL);
  // When it fails the worker is dying, and its exit will be told.
  channel_.send(header, {request.shard_id, request.sequence_number});
}

void WorkerProcess::on_channel() {
  Packet packet;
  switch (channel_.receive(packet, false)) {
    case Channel::Received::packet:
      handle(packet);
      return;
    case Channel::Received::nothing:
      return;
    case Channel::Received::closed:
      // Closed by the plugin, or by the process's end, which the pidfd tells about.
      loop_.remove(channel_.fd());
      if (pid_ > 0 && !may_exit_) ::kill(pid_, SIGKILL);
      return;
  }
}

void WorkerProcess::handle(const Packet& packet) {
  const Header& header = packet.header;
  switch (header.kind) {
    case Kind::schema:
      descriptor_.config_schema += packet.texts[0];
      return;
    case Kind::loaded:
      descriptor_.id = packet.texts[0];
      descriptor_.version = packet.texts[1];
      descriptor_.description = packet.texts[2];
      descriptor_.abi_minor = static_cast<std::uint32_t>(header.b);
      descriptor_.flags = static_cast<std::uint32_t>(header.a);
      loading_ = busy_ = false;
      return;
    case Kind::load_failed:
      load_error_ = packet.texts[0];
      loading_ = busy_ = false;
      may_exit_ = true;
      return;
    case Kind::outcome:
      if (!busy_ || loading_) return;
      outcome_.status = header.code;
      outcome_.first_unfinished = header.a;
      outcome_.message = packet.texts[0];
      // The end of destroy is the end of the process.
      if (call_ != Call::destroy) busy_ = false;
      return;
    case Kind::checkpoint: {
      std::optional<std::string_view> sequence;
      // The text lies in the channel's buffer, which stays as it is: the worker waits for this answer.
      std::string text(packet.texts[0]);
      if (header.a != 0) sequence = text;
      const CheckpointAnswer answer = services_.checkpoint(sequence, header.c);
      channel_.send({.kind = Kind::checkpoint_answer, .code = answer.status}, {answer.name, answer.message});
      return;
    }
    case Kind::log:
      services_.log(header.code, "plugin", packet.texts[0]);
      return;
    case Kind::metric:
      services_.metric(header.code, packet.texts[0], header.real);
      return;
    default:
      return;
  }
}

void WorkerProcess::on_output(Output& output) {
  char bytes[4096];
  const ssize_t n = ::read(output.fd.get(), bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    loop_.remove(output.fd.get());
    flush(output);
    return;
  }
  append(output, {bytes, static_cast<std::size_t>(n)});
}

void WorkerProcess::append(Output& output, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n' || output.line.size() >= longest_line) flush(output);
    if (c != '\n') output.line += c;
  }
}

void WorkerProcess::flush(Output& output) {
  if (output.line.empty()) return;
  services_.log(&output == &err_ ? KCLHOST_LOG_WARN : KCLHOST_LOG_INFO, output.name, output.line);
  output.line.clear();
}

void WorkerProcess::abort(std::string_view reason) {
  if (pid_ <= 0) return;
  abort_reason_ = reason;
  ::kill(pid_, SIGABRT);
  if (loop_.run_until([this] { return pid_ <= 0; }, Clock::now() + patience_with_abort)) return;
  ::kill(pid_, SIGKILL);
  loop_.run_until([this] { return pid_ <= 0; });
}

void WorkerProcess::on_exit() {
  // What it sent and printed before its end comes first.
  Packet packet;
  while (channel_.receive(packet, false) == Channel::Received::packet) handle(packet);
  if (pid_ <= 0) return;  // an event handled just now reaped it
  // Not reaped yet, it still holds its group's id.
  ::kill(-pid_, SIGKILL);
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) return;
  loop_.remove(pidfd_.get());
  pid_ = 0;
  for (Output* output : {&out_, &err_}) {
    // No more than the pipe can hold: a process that the plugin started may go on printing.
    char bytes[4096];
    std::size_t left = pipe_size;
    for (ssize_t n; left != 0 && (n = ::read(output->fd.get(), bytes, std::min(left, sizeof bytes))) > 0;) {
      left -= static_cast<std::size_t>(n);
      append(*output, {bytes, static_cast<std::size_t>(n)});
    }
    flush(*output);
  }
  const bool orderly = may_exit_ && info.si_code == CLD_EXITED && info.si_status == 0;
  if (!orderly) {
    outcome_.death =
        Death{cause_of_death(info.si_code, info.si_status), {}, !busy_ || control_->calls_begun == calls_sent_};
    if (control_->crash.signal != 0)
      outcome_.death->stack = describe_stack(control_->crash, spec_.staged_path, spec_.plugin_path);
    if (outcome_.status == KCLHOST_OK) outcome_.status = KCLHOST_FAILED;
    outcome_.message = outcome_.death->cause;
    if (loading_) load_error_ = "can't be loaded: the process that tried was " + outcome_.death->cause;
  }
  busy_ = loading_ = false;
}

std::string WorkerProcess::cause_of_death(int code, int status) const {
  if (!abort_reason_.empty()) return abort_reason_;
  if (code == CLD_EXITED) return "ended by exit(" + std::to_string(status) + ")";
  std::string cause = "killed by " + signal_name(status);
  if (status == SIGSEGV || status == SIGBUS) {
    char address[32];
    std::snprintf(address, sizeof address, " at address 0x%llx",
                  static_cast<unsigned long long>(control_->crash.fault_address));
    if (control_->crash.signal != 0) cause += address;
  }
  if (status == SIGKILL) cause += " (by the kernel, when memory ran out, or by a person)";
  return cause;
}

}  // namespace kclhost::host::processor
