// A plugin's instance in the host itself (isolation none).
#pragma once

#include <atomic>
#include <string>

#include "plugin/table.hpp"
#include "processor/instance.hpp"
#include "processor/processor.hpp"

namespace kclhost::host::processor {

// Calls are over when start returns. A crash is the host's, and nothing ends a call that hangs.
class InProcess final : public Processor {
 public:
  InProcess(plugin::PluginTable table, std::string plugin_path, std::string config_json, Services& services)
      : descriptor_(describe(table)),
        config_json_(std::move(config_json)),
        instance_(std::move(table), std::move(plugin_path), services, should_stop_) {}

  const Descriptor& descriptor() const override { return descriptor_; }
  void start(const Request& request) override {
    should_stop_ = 0;
    outcome_ = instance_.perform(request, config_json_);
  }
  bool busy() const override { return false; }
  const Outcome& outcome() const override { return outcome_; }
  bool alive() const override { return true; }
  std::uint64_t resident_memory() const override { return 0; }
  void request_stop() override { should_stop_ = 1; }
  void abort(std::string_view) override {}

 private:
  Descriptor descriptor_;
  std::string config_json_;
  std::atomic<std::uint32_t> should_stop_{0};
  Outcome outcome_;
  Instance instance_;
};

}  // namespace kclhost::host::processor
