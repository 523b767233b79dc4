#include "launch/service_manager.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include "hub/health.hpp"
#include "hub/snapshot.hpp"
#include "launch/child_process.hpp"
#include "support/excerpt.hpp"

namespace kclhost::host::launch {
namespace {

constexpr std::chrono::seconds between_statuses{5};
constexpr std::chrono::milliseconds pause_for_room{100};
constexpr std::size_t longest_status = 300;

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

// How often the service manager wants to hear that we live; twice as often is what it asks for.
Clock::duration half_of_watchdog(const ServiceVariables& variables) {
  const auto interval = number_in(variables.watchdog_usec);
  const auto whose = number_in(variables.watchdog_pid);
  const bool ours = !whose || *whose == static_cast<std::uint64_t>(::getpid());
  if (!interval || *interval == 0 || !ours) return Clock::duration::max();
  constexpr std::uint64_t longest = 3'600'000'000;
  return std::chrono::microseconds(std::max<std::uint64_t>(std::min(*interval, longest) / 2, 1'000));
}

std::string monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000);
}

}  // namespace

ServiceVariables ServiceVariables::take() {
  const auto taken = [](const char* name) {
    const char* const value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);
    return text;
  };
  return {taken("NOTIFY_SOCKET"), taken("WATCHDOG_USEC"), taken("WATCHDOG_PID")};
}

Result<std::optional<ServiceManager>> ServiceManager::open(Settings settings, const ServiceVariables& variables) {
  auto notify = Notify::open(variables.notify_socket);
  if (!notify) return Error{notify.error()};
  if (!*notify) return std::optional<ServiceManager>();
  ServiceManager made(std::move(settings), std::move(**notify));
  made.watchdog_interval_ = half_of_watchdog(variables);
  return std::optional<ServiceManager>(std::move(made));
}

void ServiceManager::daemon_runs(hub::Hub& hub, EventLoop& loop) {
  hub_ = &hub;
  loop_ = &loop;
  const auto now = Clock::now();
  status_at_ = now + between_statuses;
  if (watchdog_interval_ != Clock::duration::max()) watchdog_at_ = now;
  ready("the daemon runs");
  on_time(now);
}

void ServiceManager::ready(const std::string& about) {
  notify_.say("READY=1\nSTATUS=" + about);
  said_ = about;
}

void ServiceManager::stopping() {
  end_look();
  status_at_ = Clock::time_point::max();
  notify_.say("STOPPING=1\nSTATUS=the daemon ends; shards checkpoint what is finished");
}

// ---- A new release

void ServiceManager::reload() {
  end_look();  // its answer would be to the question before
  notify_.say("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds() + "\nSTATUS=a new release is looked for");
  start_look();
}

// In a process of its own: it reads the plugin's file, and waits for the hosts.
void ServiceManager::start_look() {
  answered_ = "nobody could be asked for a new release";
  has_answer_ = false;
  auto answer = LineRelay::open([this](std::string_view line) {
    const std::string_view text = line.substr(0, line.find_last_not_of('\n') + 1);
    if (std::exchange(has_answer_, true)) {  // one of several streams
      answered_ = excerpt(answered_ + "; " + std::string(text), longest_status);
    } else {
      answered_ = excerpt(text, longest_status);
    }
    return true;
  });
  if (!answer) return ready(answered_ + ": " + answer.error());
  const pid_t self = ::getpid();
  look_ = ::fork();
  if (look_ < 0) return ready(answered_ + ": " + std::strerror(errno));
  if (look_ == 0) {
    begin_child(self, SIGKILL);
    for (const int out : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(answer->writer(), out);
    const char* const named = settings_.stream.empty() ? nullptr : "--stream";
    ::execl(settings_.kclhost.c_str(), "kclhost", "rollout", "look", "--config", settings_.config.c_str(), named,
            settings_.stream.c_str(), nullptr);
    ::_exit(127);
  }
  answer->close_writer();
  answer_ = std::move(*answer);
  loop_->add(answer_->fd(), [this] {
    if (!answer_->forward() && answer_->ended()) loop_->remove(answer_->fd());
  });
}

bool ServiceManager::ended(pid_t pid) {
  if (pid != look_) return false;
  look_ = -1;
  while (answer_->forward()) {
  }
  end_look();
  ready(answered_);
  status_at_ = Clock::now() + between_statuses;
  return true;
}

void ServiceManager::end_look() {
  if (answer_) loop_->remove(answer_->fd());
  answer_.reset();
  if (look_ <= 0) return;
  ::kill(look_, SIGKILL);
  ::waitpid(std::exchange(look_, -1), nullptr, 0);
}

// ---- Now and then

std::string ServiceManager::status() {
  const hub::Snapshot now = hub::look_at(*hub_, hub::Hub::What::state);
  const auto shards = std::count_if(now.hosts.begin(), now.hosts.end(),
                                    [](const hub::Snapshot::Host& host) { return !host.state.shard.empty(); });
  const std::vector<std::string> troubles = hub::troubles(now, settings_.stalled_after);
  std::string line = shards == 0 ? "no shard" : std::to_string(shards) + (shards == 1 ? " shard" : " shards");
  if (troubles.empty()) return line + (shards == 0 ? ": it has no lease, or none yet" : "; ready");
  return excerpt(line + "; not ready: " + troubles.front(), longest_status);
}

Clock::time_point ServiceManager::deadline() const {
  return std::min({watchdog_at_, status_at_, flush_at_});
}

void ServiceManager::on_time(Clock::time_point now) {
  // What waits for room says no less than that we live.
  if (flush_at_ = Clock::time_point::max(); !notify_.flush()) {
    flush_at_ = now + pause_for_room;
    if (watchdog_at_ <= now) watchdog_at_ = flush_at_;
    if (status_at_ <= now) status_at_ = flush_at_;
    return;
  }
  if (watchdog_at_ <= now) {
    watchdog_at_ = now + watchdog_interval_;
    notify_.say("WATCHDOG=1");
  }
  if (status_at_ > now) return;
  status_at_ = now + between_statuses;
  std::string line = look_ > 0 ? said_ : status();
  if (line != said_) notify_.say("STATUS=" + line);
  said_ = std::move(line);
}

void ServiceManager::stop() {
  end_look();
  status_at_ = Clock::time_point::max();
}

}  // namespace kclhost::host::launch
