#include "run/shadow_counts.hpp"

#include <utility>

#include "batch/position.hpp"
#include "hub/own_series.hpp"

namespace kclhost::host::run {

namespace {

namespace own = hub::own;

}  // namespace

void ShadowCounts::given(const Batch& batch) {
  records_ += batch.count;
  comparing_ = plugin_has_it_ = true;
  shadow_over_ = plugin_over_ = shadow_failed_ = plugin_failed_ = false;
  first_ = Position::of(batch, 0).str();
  last_ = Position::of(batch, batch.count - 1).str();
  why_.clear();
}

void ShadowCounts::skipped() {
  ++skipped_;
  plugin_has_it_ = false;
}

void ShadowCounts::plugin_failed() {
  if (plugin_has_it_) plugin_failed_ = true;
}

void ShadowCounts::plugin_finished() {
  if (!std::exchange(plugin_has_it_, false)) return;
  plugin_over_ = true;
  compare();
}

void ShadowCounts::rejected(const std::string& why) {
  ++rejected_;
  if (!comparing_ || shadow_over_) return;
  shadow_failed_ = true;
  why_ = why;
}

void ShadowCounts::over(Outcome outcome, const std::string& why) {
  ++(outcome == Outcome::accepted ? accepted_ : outcome == Outcome::failed ? failed_ : died_);
  shadow_over_ = true;
  if (outcome != Outcome::accepted) {
    shadow_failed_ = true;
    why_ = why;
  }
  compare();
}

void ShadowCounts::compare() {
  if (!comparing_ || !shadow_over_ || !plugin_over_) return;
  comparing_ = false;
  if (shadow_failed_ == plugin_failed_) return;
  ++(shadow_failed_ ? only_shadow_failed_ : only_plugin_failed_);
  if (shadow_failed_) {
    log_.warn("the shadow failed at records that the plugin accepted",
              {{"first", first_}, {"last", last_}, {"error", why_}});
  } else {
    log_.info("the shadow accepted records that the plugin failed at", {{"first", first_}, {"last", last_}});
  }
}

void ShadowCounts::add_to(std::vector<hub::Series>& all) const {
  const auto count = [&all](const hub::Family& family, std::uint64_t value, hub::Labels labels = {}) {
    hub::Reading reading;
    reading.value = static_cast<double>(value);
    all.push_back({family, std::move(labels), std::move(reading)});
  };
  count(own::shadow_records, records_);
  count(own::shadow_batches, accepted_, {{"outcome", "accepted"}});
  count(own::shadow_batches, failed_, {{"outcome", "failed"}});
  count(own::shadow_batches, died_, {{"outcome", "died"}});
  count(own::shadow_batches, skipped_, {{"outcome", "skipped"}});
  count(own::shadow_rejected, rejected_);
  count(own::shadow_differences, only_shadow_failed_, {{"failed", "shadow"}});
  count(own::shadow_differences, only_plugin_failed_, {{"failed", "plugin"}});
  count(own::shadow_deaths, deaths_);
  all.push_back({own::shadow_process, {}, process_});
}

void ShadowCounts::tell() const {
  const auto text = [](std::uint64_t count) { return std::to_string(count); };
  const std::string records = text(records_), accepted = text(accepted_), failed = text(failed_), died = text(died_),
                    skipped = text(skipped_), rejected = text(rejected_), deaths = text(deaths_),
                    only_shadow = text(only_shadow_failed_), only_plugin = text(only_plugin_failed_);
  log_.info("what became of the shadow", {{"records", records},
                                          {"batches_accepted", accepted},
                                          {"batches_failed", failed},
                                          {"batches_died", died},
                                          {"batches_skipped", skipped},
                                          {"only_shadow_failed", only_shadow},
                                          {"only_plugin_failed", only_plugin},
                                          {"rejected_records", rejected},
                                          {"deaths", deaths}});
}

}  // namespace kclhost::host::run
