#include "worker/worker_loop.hpp"

#include <unistd.h>

#include <cstdio>
#include <deque>
#include <mutex>
#include <string>

#include "plugin/config_schema.hpp"
#include "plugin/loader.hpp"
#include "support/process_memory.hpp"
#include "support/shared_buffer.hpp"
#include "worker/allocated.hpp"
#include "worker/instance.hpp"
#include "worker/uncaught.hpp"

namespace kclhost::host::worker {
namespace {

// Why the plugin's schema refuses the configuration; empty when it does not. Who only looks has no configuration.
std::string why_unfit(const Descriptor& about, std::string_view config_json, const char* its_name) {
  if (about.config_schema.empty() || config_json.empty()) return {};
  const auto misfits = plugin::find_misfits(about.config_schema, std::string(config_json));
  if (!misfits) return misfits.error();
  if (misfits->empty()) return {};
  std::string why = misfits->front().str(its_name);
  if (misfits->size() > 1) why += ", and " + std::to_string(misfits->size() - 1) + " more";
  return why + " (kclhost check shows each with its line)";
}

class Worker {
 public:
  explicit Worker(Supplies supplies)
      : own_process_(supplies.where == HostLink::Where::own_process),
        control_(std::move(supplies.control)),
        host_(supplies.id, supplies.where, std::move(supplies.channel), **control_) {
    if (supplies.batch) batch_ = std::make_unique<SharedView>(std::move(supplies.batch));
  }

  Served serve() {
    // Also where memory is refused: this is never destroyed, and on a thread the host would wait for ever.
    struct End {
      ~End() {
        worker.host_.end();
        worker.batch_.reset();
      }
      Worker& worker;
    } const end{*this};
    Packet packet;
    while (host_.receive(packet) == Channel::Received::packet && handle(packet)) {
    }
    return destroyed_ ? Served::to_the_end : Served::broken_off;
  }

 private:
  // False: that was all.
  bool handle(Packet& packet) {
    switch (packet.header.kind) {
      case Kind::load:
        return load(packet);
      case Kind::view_follows:
        if (batch_) batch_->make_room();
        return true;
      case Kind::view:
        if (batch_) batch_->replace(std::move(packet.fd));
        // The host gives memory back, and so do we.
        if (instance_) instance_->give_back();
        if (own_process_) unmap_program();
        return true;
      case Kind::call:
        return instance_ != nullptr && call(packet);
      default:
        return true;
    }
  }

  bool load(const Packet& packet) {
    const std::string staged_path(packet.texts[0]);
    Result<plugin::PluginTable> table = plugin::load(staged_path);
    leave_if_forked();
    if (!table) {
      host_.send({.kind = Kind::load_failed}, {table.error()});
      return false;
    }
    name_what_is_let_out(staged_path);
    const Descriptor about = describe(*table);
    const bool any_config = (packet.header.code & load_any_config) != 0;
    outlives_destroy_ = (packet.header.code & load_for_many) != 0;
    const bool shadow = (packet.header.code & load_shadow) != 0;
    std::string why = shadow ? why_no_shadow(*table) : std::string();
    if (why.empty() && !any_config) {
      why = why_unfit(about, (*control_)->config(), shadow ? "shadow.config" : "plugin.config");
    }
    if (!why.empty()) {
      host_.send({.kind = Kind::load_failed}, {why});
      return false;
    }
    Place place{std::string(packet.texts[1]), std::string(packet.texts[2]), std::string(packet.texts[3]),
                static_cast<std::uint32_t>(packet.header.a), static_cast<std::uint32_t>(packet.header.b)};
    instance_ =
        std::make_unique<Instance>(std::move(*table), std::move(place), host_, control_->acknowledgements(), shadow);
    for (std::string_view rest = about.config_schema; !rest.empty();) {
      const std::string_view part = rest.substr(0, Channel::longest_text);
      host_.send({.kind = Kind::schema}, {part});
      rest.remove_prefix(part.size());
    }
    const std::int32_t code = (about.ticks ? loaded_ticks : 0) | (about.can_shadow ? loaded_can_shadow : 0);
    return host_.send({.kind = Kind::loaded, .code = code, .a = about.flags, .b = about.abi_minor},
                      {about.id, about.version, about.description});
  }

  bool call(const Packet& packet) {
    const Request request = request_of(packet);
    host_.begin(packet.header.call);
    ++(*control_)->calls_begun;
    const Outcome outcome = instance_->perform(request, (*control_)->config());
    leave_if_forked();
    if (own_process_) flush_output();
    if (request.call == Call::destroy && !outlives_destroy_) {
      destroyed_ = true;
      return false;
    }
    if (request.call == Call::destroy) instance_->destroyed();
    const bool of_many = outlives_destroy_ && request.call != Call::process_records;
    const bool sent = tell(outcome, of_many ? allocated_bytes() : outcome.first_unfinished);
    if (own_process_ && request.call == Call::initialize) unmap_program();
    return sent;
  }

  bool tell(const Outcome& outcome, std::uint64_t count) {
    std::uint64_t flags = outcome.permanent ? KCLHOST_FAILURE_PERMANENT : 0;
    if (outcome.culprit) flags |= KCLHOST_FAILURE_CULPRIT;
    return host_.send({.kind = Kind::outcome,
                       .code = outcome.status,
                       .a = count,
                       .b = flags,
                       .c = outcome.retry_after_ms.value_or(0),
                       .d = outcome.culprit.value_or(0)},
                      {outcome.message});
  }

  // What Dialogue::call has made of it.
  Request request_of(const Packet& packet) {
    const Header& header = packet.header;
    Request request{.call = static_cast<Call>(header.code), .timeout_ms = static_cast<std::uint32_t>(header.a >> 32)};
    if (request.call == Call::process_records) {
      request.batch = {batch_->data(), static_cast<std::uint32_t>(header.a), static_cast<std::uint32_t>(header.b),
                       header.c};
      request.attempt = static_cast<std::uint32_t>(header.b >> 32);
      request.first_id = header.d;
    } else if (request.call == Call::create || request.call == Call::initialize) {
      // The channel's buffer is used again if the plugin tries to checkpoint.
      shard_id_ = packet.texts[0];
      sequence_number_ = packet.texts[1];
      request.shard_id = shard_id_;
      request.sequence_number = sequence_number_;
      request.sub_sequence_number = header.c;
      request.beginning = static_cast<Beginning>(static_cast<std::uint32_t>(header.a));
    } else {
      request.finish = static_cast<Finish>(static_cast<std::uint32_t>(header.b));
    }
    return request;
  }

  // Whatever it would say here would be taken for the worker's. Its parent's atexit handlers are not its own.
  void leave_if_forked() const {
    if (host_.in_forked_child()) ::_exit(0);
  }

  // What the plugin printed belongs before what comes next. A thread of the plugin's may be inside the C library's
  // stream and hold its lock: it flushes by itself then.
  static void flush_output() {
    if (::ftrylockfile(stdout) != 0) return;
    ::fflush_unlocked(stdout);
    ::funlockfile(stdout);
  }

  const bool own_process_;
  const std::shared_ptr<ControlPage> control_;
  HostLink host_;
  std::unique_ptr<SharedView> batch_;
  std::unique_ptr<Instance> instance_;
  std::string shard_id_, sequence_number_;
  bool outlives_destroy_ = false, destroyed_ = false;
};

}  // namespace

Served serve(Supplies supplies) {
  // Never destroyed: threads that a plugin left behind may still use them.
  static auto* const workers = new std::deque<Worker>;
  static std::mutex adding;  // with isolation none each has a thread
  Worker* worker = nullptr;
  {
    const std::lock_guard lock(adding);
    worker = &workers->emplace_back(std::move(supplies));
  }
  return worker->serve();
}

}  // namespace kclhost::host::worker
