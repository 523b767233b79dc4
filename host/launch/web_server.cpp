#include "launch/web_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launch/child_process.hpp"
#include "launch/files.hpp"

namespace kclhost::host::launch {
namespace {

constexpr char web_program[] = "kclhost-web";
constexpr int listening_fd = 3;

}  // namespace

Result<WebServer> WebServer::open(const config::Metrics& config, const std::filesystem::path& kclhost) {
  WebServer server;
  server.program_ = find_companion(kclhost, web_program).string();
  if (server.program_.empty()) {
    return Error{std::string("metrics.listen is set, and there is no ") + web_program + " in " +
                 kclhost.parent_path().string() + " or its ../libexec/kclhost: install it beside kclhost"};
  }
  auto port = listen_at(*config.listen);
  if (!port) return Error{port.error()};
  server.port_ = std::move(*port);
  server.stalled_after_ = std::to_string(config.stalled_after.count());
  return server;
}

void WebServer::start(const std::filesystem::path& hub, Outputs& outputs) {
  hub_ = hub.string();
  outputs_ = &outputs;
  start();
}

void WebServer::start() {
  start_at_ = Clock::time_point::max();
  started_at_ = Clock::now();
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    outputs_->say(config::LogLevel::warn,
                  std::string("metrics are not served: no process for it: ") + std::strerror(errno));
    start_at_ = Clock::now() + pause_without_process;
    return;
  }
  if (pid_ > 0) return;
  begin_child(self, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  if (port_.fd.get() == listening_fd) {
    ::fcntl(listening_fd, F_SETFD, 0);
  } else {
    ::dup2(port_.fd.get(), listening_fd);
  }
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  ::execl(program_.c_str(), web_program, hub_.c_str(), std::to_string(listening_fd).c_str(), stalled_after_.c_str(),
          nullptr);
  ::_exit(127);
}

bool WebServer::ended(pid_t pid, int wait_status) {
  if (pid != pid_) return false;
  pid_ = -1;
  outputs_->say(config::LogLevel::warn, std::string(web_program) + " " + describe_end(wait_status) +
                                            ": metrics are not served until it is started again");
  start_at_ = Clock::now() + pauses_.after(Clock::now() - started_at_);
  return true;
}

void WebServer::on_time(Clock::time_point now) {
  if (start_at_ <= now) start();
}

void WebServer::stop() {
  start_at_ = Clock::time_point::max();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

}  // namespace kclhost::host::launch
