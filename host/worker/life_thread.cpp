// A worker on a thread of the host's (isolation none): the same loop, the same messages. What the plugin does to its
// process it does to the host, and nothing can end a call that hangs.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <system_error>
#include <thread>

#include "worker/dialogue.hpp"
#include "worker/life.hpp"
#include "worker/refusal.hpp"
#include "worker/worker_loop.hpp"

namespace kclhost::host::worker {
namespace {

class LifeThread final : public Life, private Dialogue::Owner {
 public:
  LifeThread(WorkerId id, EventLoop& loop, const SharedBuffer* batch, Listener& listener,
             const std::shared_ptr<ControlPage>& control, Channel channel)
      : id_(id),
        loop_(loop),
        listener_(listener),
        control_(control),
        dialogue_(id, std::move(channel), control, batch, listener, *this) {}
  // The thread sees the channel closed when its call is over, and ends. It uses nothing of this.
  ~LifeThread() override {
    request_stop(Stop::end);
    loop_.remove(dialogue_.fd());
  }

  void begin(const Spec& spec) {
    loop_.add(dialogue_.fd(), [this] { on_channel(); });
    dialogue_.begin(::getpid(), spec);
  }

  WorkerId id() const override { return id_; }
  void call(CallNumber number, const Request& request) override { dialogue_.call(number, request); }
  void answer_checkpoint(CallNumber number, const CheckpointAnswer& answer) override {
    dialogue_.answer_checkpoint(number, answer);
  }
  void request_stop(Stop why) override { (*control_)->should_stop = static_cast<std::int32_t>(why); }
  using Life::kill;
  void kill(Death::Kind, std::string, bool) override { request_stop(Stop::end); }
  pid_t process() const override { return 0; }
  std::uint64_t resident_memory() const override { return 0; }
  Clock::time_point deadline() const override {
    return !ended_ && dialogue_.view_is_stale() ? Clock::time_point::min() : never;
  }
  void on_time(Clock::time_point) override {
    if (!ended_) dialogue_.send_view();
  }

 private:
  void misbehaved(const std::string& what) override {
    if (!std::exchange(misbehaved_, true)) {
      listener_.log(id_, KCLHOST_LOG_WARN, "host", "the worker " + what + "; it is ignored (isolation none)");
    }
  }

  void on_channel() {
    if (dialogue_.read()) return;
    loop_.remove(dialogue_.fd());
    ended_ = true;
    dialogue_.drain(Dialogue::packets_at_once);
    if (dialogue_.may_end()) return listener_.ended(id_, nullptr);
    Death death;
    death.kind = Death::Kind::exit;
    death.message = "ended before it was asked to";
    death.call_begun = dialogue_.call_begun();
    listener_.ended(id_, &death);
  }

  const WorkerId id_;
  EventLoop& loop_;
  Listener& listener_;
  const std::shared_ptr<ControlPage> control_;
  Dialogue dialogue_;
  bool ended_ = false, misbehaved_ = false;
};

void run_worker_thread(Supplies supplies) noexcept try {
  ::pthread_setname_np(::pthread_self(), "kclhost-worker");
  serve(std::move(supplies));
} catch (const std::exception& error) {
  // Its end of the channel is closed by now, so the host sees it end.
  std::fprintf(stderr, "the worker can't go on: %s\n", error.what());
}

}  // namespace

Result<std::unique_ptr<Life>> start_thread(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch,
                                           Listener& listener) {
  auto control = ControlPage::make(spec.config_json, spec.log_level, AckMemory::size_for(spec.most_held));
  if (!control) return no_worker("its control page", control.error());
  (*control)->close_fd();
  auto channel = Channel::make_pair();
  if (!channel) return no_worker("its channel", channel.error());
  auto life = std::make_unique<LifeThread>(id, loop, batch, listener, *control, std::move(channel->first));
  try {
    Supplies supplies{id, HostLink::Where::host, Channel(std::move(channel->second)), *control,
                      batch != nullptr ? batch->open_read_only() : Fd()};
    // Not joined: a plugin that hangs would hang the host's end.
    std::thread(run_worker_thread, std::move(supplies)).detach();
  } catch (const std::system_error& error) {
    return no_worker("its thread", refusal(error.code().value()));
  }
  life->begin(spec);
  return std::unique_ptr<Life>(std::move(life));
}

}  // namespace kclhost::host::worker
