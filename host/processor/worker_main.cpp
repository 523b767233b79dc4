#include "processor/worker_main.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string_view>

#include "plugin/loader.hpp"
#include "processor/channel.hpp"
#include "processor/control.hpp"
#include "processor/crash.hpp"
#include "processor/instance.hpp"
#include "support/process_memory.hpp"
#include "support/process_title.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::processor {
namespace {

// The host's services as messages. log and metric are safe on any thread; checkpoint comes from the thread in the call,
// which is the one that reads the channel.
class RemoteServices final : public Services {
 public:
  RemoteServices(Channel& channel, const Control& control) : channel_(channel), control_(control) {}

  CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                              std::int64_t sub_sequence_number) override {
    channel_.send({.kind = Kind::checkpoint, .a = sequence_number.has_value(), .c = sub_sequence_number},
                  {sequence_number.value_or("")});
    if (channel_.receive(answer_) != Channel::Received::packet || answer_.header.kind != Kind::checkpoint_answer) {
      ::_exit(0);  // the host is gone
    }
    return {answer_.header.code, answer_.texts[0], answer_.texts[1]};
  }
  void log(std::int32_t level, std::string_view, std::string_view text) override {
    if (log_enabled(level)) channel_.send({.kind = Kind::log, .code = level}, {text});
  }
  bool log_enabled(std::int32_t level) override { return level >= control_.log_level; }
  void metric(std::int32_t kind, std::string_view name, double value) override {
    channel_.send({.kind = Kind::metric, .code = kind, .real = value}, {name});
  }

 private:
  Channel& channel_;
  const Control& control_;
  Packet answer_;
};

class Worker {
 public:
  // batch may be none.
  Worker(Fd channel, Fd control, Fd batch)
      : channel_(std::make_unique<Channel>(std::move(channel))),
        control_(std::move(control)),
        services_(*channel_, *control_) {
    if (batch) batch_ = std::make_unique<SharedView>(std::move(batch));
    record_crashes(control_->crash);
  }

  int serve() {
    Packet packet;
    while (channel_->receive(packet) == Channel::Received::packet) {
      if (packet.header.kind == Kind::load) {
        load(std::string(packet.texts[0]), std::string(packet.texts[1]));
      } else if (packet.header.kind == Kind::call && instance_) {
        call(packet);
        if (static_cast<Call>(packet.header.code) == Call::destroy) return 0;
      }
    }
    return 0;
  }

 private:
  void load(const std::string& staged_path, std::string plugin_path) {
    Result<plugin::PluginTable> table = plugin::load(staged_path);
    if (!table) {
      channel_->send({.kind = Kind::load_failed}, {table.error()});
      return;
    }
    const Descriptor about = describe(*table);
    instance_ = std::make_unique<Instance>(std::move(*table), std::move(plugin_path), services_, control_->should_stop);
    for (std::string_view rest = about.config_schema; !rest.empty();) {
      const std::string_view part = rest.substr(0, Channel::longest_text);
      channel_->send({.kind = Kind::schema}, {part});
      rest.remove_prefix(part.size());
    }
    channel_->send({.kind = Kind::loaded, .a = about.flags, .b = about.abi_minor},
                   {about.id, about.version, about.description});
  }

  void call(const Packet& packet) {
    const Header& header = packet.header;
    Request request{static_cast<Call>(header.code)};
    if (request.call == Call::process_records) {
      request.batch = {batch_->data(), static_cast<std::uint32_t>(header.a), static_cast<std::uint32_t>(header.b),
                       header.c};
      request.attempt = static_cast<std::uint32_t>(header.b >> 32);
    } else if (request.call == Call::initialize) {
      // The channel's buffer is used again if the plugin tries to checkpoint.
      shard_id_ = packet.texts[0];
      sequence_number_ = packet.texts[1];
      request.shard_id = shard_id_;
      request.sequence_number = sequence_number_;
      request.sub_sequence_number = header.c;
      request.hand_over = header.a != 0;
    }
    ++control_->calls_begun;
    const Outcome outcome = instance_->perform(request, {control_->config(), control_->config_size});
    // What the plugin printed belongs before what comes next.
    std::fflush(nullptr);
    channel_->send({.kind = Kind::outcome, .code = outcome.status, .a = outcome.first_unfinished}, {outcome.message});
    if (request.call == Call::initialize) unmap_program();
  }

  std::unique_ptr<Channel> channel_;
  ControlPage control_;
  RemoteServices services_;
  std::unique_ptr<SharedView> batch_;
  std::unique_ptr<Instance> instance_;
  std::string shard_id_, sequence_number_;
};

// Far from the descriptors that a plugin may think are its own.
constexpr int first_fd = 200;

Fd keep(int fd) {
  return fd < 0 ? Fd() : Fd(::fcntl(fd, F_DUPFD_CLOEXEC, first_fd));
}

// The daemon's pipes above all: a worker that outlives its host must not hold them open.
void close_all_but(std::initializer_list<int> kept) {
  const int last = std::max(kept);
  for (int fd = STDERR_FILENO + 1; fd < last; ++fd) {
    if (std::ranges::find(kept, fd) == kept.end()) ::close(fd);
  }
  ::closefrom(last + 1);
}

}  // namespace

void worker_main(const WorkerDescriptors& given) noexcept {
  // A host killed by SIGKILL can't end its worker. (If it died before this line, the channel is closed already.)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  using namespace std::string_view_literals;
  set_process_title("kclhost-worker", "kclhost\0worker\0"sv);
  Fd channel = keep(given.channel), control = keep(given.control), batch = keep(given.batch);
  ::dup2(given.out, STDOUT_FILENO);
  ::dup2(given.err, STDERR_FILENO);
  ::close(STDIN_FILENO);
  ::open("/dev/null", O_RDONLY);
  close_all_but({channel.get(), control.get(), batch.get()});
  int status = 1;
  try {
    // Never destroyed, and the process ends without static destructors: threads that a plugin left behind may still use
    // it.
    auto* worker = new Worker(std::move(channel), std::move(control), std::move(batch));
    status = worker->serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  std::fflush(nullptr);
  ::_exit(status);
}

}  // namespace kclhost::host::processor
