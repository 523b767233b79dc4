#include "processor/probe.hpp"

#include "processor/worker_process.hpp"
#include "support/event_loop.hpp"

namespace kclhost::host::processor {
namespace {

class NoServices final : public Services {
  CheckpointAnswer checkpoint(std::optional<std::string_view>, std::int64_t) override {
    return {KCLHOST_FAILED, "", ""};
  }
  void log(std::int32_t, std::string_view, std::string_view) override {}
  bool log_enabled(std::int32_t) override { return false; }
  void metric(std::int32_t, std::string_view, double) override {}
};

}  // namespace

Result<Descriptor> probe(const std::string& path, config::Milliseconds timeout) {
  NoServices services;
  EventLoop loop;
  WorkerProcess worker({.staged_path = path, .plugin_path = path, .config_json = "{}"}, loop, nullptr, services);
  if (!loop.run_until([&worker] { return !worker.busy(); }, Clock::now() + timeout)) {
    worker.abort("ended because loading took longer than timeouts.initialize");
  }
  if (!worker.load_error().empty()) return Error{worker.load_error()};
  return worker.descriptor();
}

}  // namespace kclhost::host::processor
