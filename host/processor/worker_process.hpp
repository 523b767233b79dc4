// A plugin's instance in a process of its own, as the host sees it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "processor/channel.hpp"
#include "processor/control.hpp"
#include "processor/processor.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::processor {

// What a worker is to load, and with what.
struct WorkerSpec {
  std::string staged_path;  // what is loaded
  std::string plugin_path;  // what the user calls it
  std::string config_json;
  std::int32_t log_level = KCLHOST_LOG_INFO;
  std::optional<std::uint64_t> max_memory{};  // bytes; twice as much ends it
  bool core_dumps = false;
};

// Starts a worker, which loads the plugin at once; calls follow through start(). Host's thread only. The worker is a
// fork of the host, which has no other threads then, and goes on without a new program: there is none to start, which
// takes longer than all else, and what host and worker don't change is in memory once. It holds no descriptor of the
// daemon's and can't write to the batch; what it prints becomes log lines.
class WorkerProcess final : public Processor {
 public:
  // `batch` may be null for a worker that only loads. All references must outlive this. Throws std::system_error.
  WorkerProcess(WorkerSpec spec, EventLoop& loop, const SharedBuffer* batch, Services& services);
  // Kills the worker if it is still there.
  ~WorkerProcess() override;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Loading: busy() is true until it is over. The error is why the plugin can't be loaded, "" when it is.
  const std::string& load_error() const { return load_error_; }
  pid_t pid() const { return pid_; }

  const Descriptor& descriptor() const override { return descriptor_; }
  void start(const Request& request) override;
  bool busy() const override { return busy_; }
  const Outcome& outcome() const override { return outcome_; }
  bool alive() const override { return pid_ > 0; }
  std::uint64_t resident_memory() const override;
  void request_stop() override { control_->should_stop = 1; }
  void abort(std::string_view reason) override;

 private:
  // Collects what the worker prints into lines.
  struct Output {
    Fd fd;
    std::string_view name;
    std::string line{};
  };

  void spawn(const SharedBuffer* batch, Fd channel, Fd out, Fd err);
  void limit();
  void on_channel();
  void handle(const Packet& packet);
  void on_output(Output& output);
  void append(Output& output, std::string_view bytes);
  void flush(Output& output);
  void on_exit();
  std::string cause_of_death(int code, int status) const;

  WorkerSpec spec_;
  EventLoop& loop_;
  Services& services_;
  const SharedBuffer* batch_;
  std::uint32_t generation_;  // of the batch's memory that the worker maps
  ControlPage control_;
  Channel channel_;
  Output out_, err_;
  Fd pidfd_;
  pid_t pid_ = 0;
  Descriptor descriptor_;
  Call call_ = Call::create;
  std::uint32_t calls_sent_ = 0;
  bool loading_ = true, busy_ = true;
  bool may_exit_ = false;  // destroy is under way or done
  std::string load_error_, abort_reason_;
  Outcome outcome_;
};

}  // namespace kclhost::host::processor
