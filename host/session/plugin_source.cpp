#include "session/plugin_source.hpp"

#include "plugin/loader.hpp"
#include "processor/in_process.hpp"
#include "processor/probe.hpp"
#include "processor/worker_process.hpp"
#include "session/stop.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::session {
namespace {

template <class T>
T or_stop(Result<T> result) {
  if (!result) throw Stop(exit_plugin, result.error());
  return std::move(*result);
}

}  // namespace

PluginSource::PluginSource(const config::Config& config, EventLoop& loop, SharedBuffer& batch,
                           processor::Services& services)
    : config_(config), loop_(loop), batch_(batch), services_(services) {
  const plugin::File file = or_stop(plugin::find(config));
  path_ = file.path;
  sha256_ = file.sha256;
  staged_ = or_stop(plugin::stage(file, config.state_dir));
}

bool PluginSource::refresh(observe::Log& log) {
  const auto refuse = [&](const std::string& why) {
    if (why != refused_) log.warn("the plugin's new file is not used: " + why);
    refused_ = why;
    return false;
  };
  Result<plugin::File> file = plugin::find(config_);
  if (!file) return refuse(file.error());
  if (file->sha256 == sha256_) return false;
  Result<std::filesystem::path> staged = plugin::stage(*file, config_.state_dir);
  if (!staged) return refuse(staged.error());
  if (const auto fit = processor::probe(*staged, config_.timeouts.initialize); !fit) return refuse(fit.error());
  refused_.clear();
  path_ = file->path;
  sha256_ = file->sha256;
  staged_ = *staged;
  log.info("the plugin's file has changed; new instances are made from it");
  return true;
}

std::unique_ptr<processor::Processor> PluginSource::start() {
  if (config_.isolation == config::Isolation::process) {
    processor::WorkerSpec spec{staged_,
                               path_,
                               config_.plugin.config_json,
                               static_cast<std::int32_t>(config_.log.level),
                               config_.worker.max_memory,
                               config_.worker.core_dumps};
    return std::make_unique<processor::WorkerProcess>(std::move(spec), loop_, &batch_, services_);
  }
  Result<plugin::PluginTable> table = plugin::load(staged_);
  if (!table) throw Stop(exit_plugin, "plugin " + path_ + ": " + table.error());
  return std::make_unique<processor::InProcess>(std::move(*table), path_, config_.plugin.config_json, services_);
}

void PluginSource::finish(processor::Processor& processor) {
  auto* worker = dynamic_cast<processor::WorkerProcess*>(&processor);
  if (worker == nullptr) return;
  if (!loop_.run_until([worker] { return !worker->busy(); }, Clock::now() + config_.timeouts.initialize)) {
    worker->abort("ended because it took longer than timeouts.initialize");
  }
  if (!worker->load_error().empty()) throw Stop(exit_plugin, "plugin " + path_ + ": " + worker->load_error());
}

}  // namespace kclhost::host::session
