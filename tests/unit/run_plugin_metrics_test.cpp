// What becomes of the plugin's metrics over all its workers' lives.
#include "run/plugin_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kclhost::host::run {
namespace {

TEST(PluginMetricsOfARun, WhatIsLeftOutLeavesNothingBehind) {
  PluginMetrics metrics;
  std::uint32_t number = 0;
  const auto make = [&](const std::string& name, std::int32_t kind = KCLHOST_METRIC_COUNTER) {
    kclhost_metric_spec spec{};
    spec.struct_size = sizeof spec;
    spec.kind = kind;
    spec.name = {name.data(), name.size()};
    return metrics.make(WorkerId{}, number++, spec);
  };
  for (std::size_t i = 0; i < hub::most_plugin_series; ++i) EXPECT_EQ(make("of_" + std::to_string(i)), "");
  EXPECT_EQ(make("late"), "there are 1000 others");
  EXPECT_EQ(make("late", KCLHOST_METRIC_GAUGE), "there are 1000 others") << "nothing is known of it";
  EXPECT_EQ(make("of_0"), "") << "another worker's";
  EXPECT_EQ(make("of_0", KCLHOST_METRIC_GAUGE), "it was of another kind before");
}

}  // namespace
}  // namespace kclhost::host::run
