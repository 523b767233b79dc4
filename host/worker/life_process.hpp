// A worker in a process of its own, as the host sees it: what start_process makes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "support/fd.hpp"
#include "worker/dialogue.hpp"
#include "worker/life.hpp"
#include "worker/output.hpp"

namespace kclhost::host::worker {

class LifeProcess final : public Life, private Dialogue::Owner {
 public:
  // The host's ends of everything; out and err don't block.
  LifeProcess(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch, Listener& listener,
              std::shared_ptr<ControlPage> control, Channel channel, Fd out, Fd err)
      : id_(id),
        spec_(std::move(spec)),
        loop_(loop),
        listener_(listener),
        dialogue_(id, std::move(channel), std::move(control), batch, listener, *this),
        out_(id, std::move(out), KCLHOST_LOG_INFO, "stdout", listener, nullptr),
        err_(id, std::move(err), KCLHOST_LOG_WARN, "stderr", listener, &words_) {}
  ~LifeProcess() override;

  // Once, when the process is there.
  void begin(pid_t pid);

  WorkerId id() const override { return id_; }
  void call(CallNumber number, const Request& request) override {
    words_.clear();
    dialogue_.call(number, request);
  }
  void answer_checkpoint(CallNumber number, const CheckpointAnswer& answer) override {
    dialogue_.answer_checkpoint(number, answer);
  }
  void request_stop(Stop why) override { dialogue_.control().should_stop = static_cast<std::int32_t>(why); }
  using Life::kill;
  void kill(Death::Kind kind, std::string message, bool soon) override;
  pid_t process() const override { return pid_; }
  std::uint64_t resident_memory() const override;
  Clock::time_point deadline() const override;
  void on_time(Clock::time_point now) override;

 private:
  void misbehaved(const std::string& what) override;
  void on_channel();
  void on_output(Output& output);
  void look();
  void finish();
  void signal(int number);
  void signal_group();
  void forget();

  const WorkerId id_;
  const Spec spec_;
  EventLoop& loop_;
  Listener& listener_;
  Dialogue dialogue_;
  LastWords words_;  // since the last call began
  Output out_, err_;
  pid_t pid_ = 0;  // until it is reaped: nobody else gets its number before that
  Fd pidfd_;       // none where the system has no such thing, or refuses it
  bool ended_ = false;
  bool killed_ = false;
  Death killed_as_;
  Clock::time_point kill_at_ = Clock::time_point::max();    // by SIGKILL
  Clock::time_point end_until_ = Clock::time_point::max();  // it should end by itself before that
  Clock::time_point look_at_ = Clock::time_point::max();    // without a pidfd
  // It has ended, and whoever traces it has so long to let go of it.
  Clock::time_point traced_until_ = Clock::time_point::max();
};

}  // namespace kclhost::host::worker
