// What the program that started us as a service hears of us: systemd, by its protocol (sd_notify(3)).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "hub/hub.hpp"
#include "launch/notify.hpp"
#include "launch/relay.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// The variables in which systemd says what it wants to hear; empty: not set. They are meant for this process, and for
// none that it starts.
struct ServiceVariables {
  std::string notify_socket, watchdog_usec, watchdog_pid;

  // Takes them out of the environment. Call it before anything is started, which a look at the plugin does too.
  static ServiceVariables take();
};

// Says READY when the daemon runs, RELOADING until the hosts have answered whether there is a new release, STOPPING, a
// STATUS line now and then, and WATCHDOG as long as the loop turns. Not thread-safe.
class ServiceManager {
 public:
  struct Settings {
    std::filesystem::path kclhost, config;    // asked for the answer: kclhost rollout look --config FILE
    std::chrono::milliseconds stalled_after;  // metrics.stalled_after
    std::string stream = {};                  // of the configuration; empty: all that it has
  };

  // Nothing when nobody wants to hear (NOTIFY_SOCKET). The error is one line.
  static Result<std::optional<ServiceManager>> open(Settings settings, const ServiceVariables& variables);

  // Both must live until stop().
  void daemon_runs(hub::Hub& hub, EventLoop& loop);
  // Somebody wants a new release looked for.
  void reload();
  void stopping();
  // A child of this process has ended: whether it was one of ours.
  bool ended(pid_t pid);
  // When on_time must be called next.
  Clock::time_point deadline() const;
  void on_time(Clock::time_point now);
  // Ends what it has started. It goes on to say that the loop turns.
  void stop();

 private:
  ServiceManager(Settings settings, Notify notify) : settings_(std::move(settings)), notify_(std::move(notify)) {}
  void start_look();
  void end_look();
  void ready(const std::string& about);
  std::string status();

  Settings settings_;
  Notify notify_;
  hub::Hub* hub_ = nullptr;
  EventLoop* loop_ = nullptr;
  std::optional<LineRelay> answer_;  // of the look
  std::string answered_, said_;
  bool has_answer_ = false;
  pid_t look_ = -1;
  Clock::duration watchdog_interval_ = Clock::duration::max();
  Clock::time_point watchdog_at_ = Clock::time_point::max(), status_at_ = Clock::time_point::max(),
                    flush_at_ = Clock::time_point::max();
};

}  // namespace kclhost::host::launch
