// What became of a shadow's batches, beside what the plugin made of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch.hpp"
#include "hub/series.hpp"
#include "observe/log.hpp"
#include "run/time_bounds.hpp"

namespace kclhost::host::run {

class ShadowCounts {
 public:
  explicit ShadowCounts(observe::Log& log) : log_(log) {}

  // The plugin was given a batch: the shadow has it too, or was busy.
  void given(const Batch& batch);
  void skipped();
  // The plugin failed at records of the batch that it was given last, or rejected one; and is done with it.
  void plugin_failed();
  void plugin_finished();
  // It was not given all of it: the lease is lost.
  void plugin_left_it() {
    if (std::exchange(plugin_has_it_, false)) comparing_ = false;
  }

  // The shadow has rejected a record of its batch, for this reason.
  void rejected(const std::string& why);
  enum class Outcome { accepted, failed, died };
  // It is done with its batch; with what it says where it failed, or how it died.
  void over(Outcome outcome, const std::string& why);
  // A worker of it is gone that nobody asked to go.
  void died() { ++deaths_; }
  void took(double seconds) { process_.observe(seconds); }

  void add_to(std::vector<hub::Series>& all) const;
  // One line.
  void tell() const;

 private:
  void compare();

  observe::Log& log_;
  std::uint64_t records_ = 0, rejected_ = 0, deaths_ = 0;
  std::uint64_t accepted_ = 0, failed_ = 0, died_ = 0, skipped_ = 0;  // batches
  std::uint64_t only_shadow_failed_ = 0, only_plugin_failed_ = 0;
  hub::Reading process_ = hub::Reading::distribution(time_bounds());

  // The batch that both were given, until both are done with it.
  bool comparing_ = false, shadow_over_ = false, plugin_over_ = false;
  bool plugin_failed_ = false, shadow_failed_ = false;
  bool plugin_has_it_ = false;  // in hand: what it fails at is of this batch
  std::string first_, last_, why_;
};

}  // namespace kclhost::host::run
