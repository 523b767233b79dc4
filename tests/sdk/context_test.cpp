// What a kclhost::Context makes of the host's table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <kclhost/context.hpp>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include "fake_host.hpp"

namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::Pair;

// What a call throws, or "nothing".
template <class Call>
std::string thrown_by(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& exception) {
    return exception.what();
  }
  return "nothing";
}

class Context : public testing::Test {
 protected:
  FakeHost host_;
  const kclhost::Context context_{host_.table, R"({"a": 1})"};
};

TEST_F(Context, HasTheConfigAndWhereItIs) {
  EXPECT_EQ(context_.config_json(), R"({"a": 1})");
  EXPECT_EQ(context_.config()["a"].as<int>(), 1);
  EXPECT_EQ(context_.application(), "orders");
  EXPECT_EQ(context_.stream(), "clicks");
  EXPECT_EQ(context_.shard_id(), "shardId-1");
  EXPECT_EQ(context_.lane(), 2u);
  EXPECT_EQ(context_.lane_count(), 3u);
  EXPECT_EQ(context_.host_version(), "9.9.9");
}

TEST_F(Context, LogsAtItsLevels) {
  host_.log_level = KCLHOST_LOG_WARN;
  EXPECT_FALSE(context_.log_enabled(kclhost::LogLevel::info));
  EXPECT_TRUE(context_.log_enabled(kclhost::LogLevel::warn));
  context_.log_trace("t");
  context_.log_debug("d");
  context_.log_info("i");
  context_.log_warn("w");
  context_.log_error("e");
  std::string logged;
  for (const auto& log : host_.logs) logged += std::to_string(log.level) + log.text;
  EXPECT_EQ(logged, "0t1d2i3w4e");
}

TEST_F(Context, MakesMetricsAndRecordsIntoThem) {
  const kclhost::Counter rows = context_.counter({"rows", "Rows written", "", {{"table", "events"}, {"region", "eu"}}});
  const kclhost::Gauge depth = context_.gauge({"depth"});
  const kclhost::Histogram latency = context_.histogram({"latency", "One write", "seconds"});
  rows.add();
  rows.add(2);
  depth.set(-3);
  latency.observe(0.5);
  ASSERT_EQ(host_.metrics.size(), 3u);
  EXPECT_EQ(host_.metrics[0].kind, KCLHOST_METRIC_COUNTER);
  EXPECT_EQ(host_.metrics[0].name, "rows");
  EXPECT_EQ(host_.metrics[0].help, "Rows written");
  EXPECT_EQ(host_.metrics[0].unit, "");
  EXPECT_THAT(host_.metrics[0].labels, ElementsAre(Pair("table", "events"), Pair("region", "eu")));
  EXPECT_THAT(host_.metrics[0].values, ElementsAre(1, 2));
  EXPECT_EQ(host_.metrics[1].kind, KCLHOST_METRIC_GAUGE);
  EXPECT_THAT(host_.metrics[1].values, ElementsAre(-3));
  EXPECT_EQ(host_.metrics[2].kind, KCLHOST_METRIC_HISTOGRAM);
  EXPECT_EQ(host_.metrics[2].unit, "seconds");
  EXPECT_THAT(host_.metrics[2].values, ElementsAre(0.5));
}

TEST_F(Context, AMetricThatTheHostRefusesIsThrown) {
  host_.answer = KCLHOST_ILLEGAL_ARGUMENT;
  host_.answer_message = "no metric is called 9lives";
  EXPECT_EQ(thrown_by([&] { static_cast<void>(context_.gauge({"9lives"})); }), "no metric is called 9lives");
}

TEST_F(Context, SaysWhyToStopAndWhatTimeIsLeft) {
  EXPECT_FALSE(context_.should_stop());
  EXPECT_EQ(context_.stop_reason(), kclhost::StopReason::none);
  EXPECT_EQ(context_.remaining(), std::nullopt);
  host_.remaining_ms = std::numeric_limits<std::int64_t>::max();  // no limit
  EXPECT_EQ(context_.remaining(), std::nullopt);
  host_.remaining_ms = 0;
  host_.stop = KCLHOST_STOP_DEADLINE;
  EXPECT_TRUE(context_.should_stop());
  EXPECT_EQ(context_.stop_reason(), kclhost::StopReason::deadline);
  EXPECT_EQ(context_.remaining(), milliseconds(0));
  host_.remaining_ms = 1500;
  for (const int reason : {KCLHOST_STOP_END, 99}) {  // the second is a newer host's
    host_.stop = reason;
    EXPECT_TRUE(context_.should_stop());
    EXPECT_EQ(context_.stop_reason(), kclhost::StopReason::end);
  }
  EXPECT_EQ(context_.remaining(), milliseconds(1500));
}

TEST_F(Context, AsksForTicks) {
  context_.set_tick_interval(std::chrono::seconds(2));
  EXPECT_EQ(host_.tick_interval_ms, 2000u);
  context_.set_tick_interval(milliseconds(0));
  EXPECT_EQ(host_.tick_interval_ms, 0u);
  constexpr milliseconds most{std::numeric_limits<std::uint32_t>::max()};
  context_.set_tick_interval(most);
  for (const milliseconds wrong : {milliseconds(-1), most + milliseconds(1)}) {
    EXPECT_THAT(thrown_by([&] { context_.set_tick_interval(wrong); }),
                testing::HasSubstr("from 0 to 4294967295 ms, and this is " + std::to_string(wrong.count())));
  }
  EXPECT_EQ(host_.tick_interval_ms, most.count());
}

TEST_F(Context, RejectsARecord) {
  kclhost_record record = make_record("bad", "7");
  record.id = 5;
  context_.reject(kclhost::Record(record), "no JSON");
  context_.reject(6, "no JSON either");
  ASSERT_EQ(host_.rejections.size(), 2u);
  EXPECT_EQ(host_.rejections[0].id, 5u);
  EXPECT_EQ(host_.rejections[0].reason, "no JSON");
  EXPECT_EQ(host_.rejections[1].id, 6u);
  host_.answer = KCLHOST_ILLEGAL_ARGUMENT;
  EXPECT_THAT(thrown_by([&] { context_.reject(7, "?"); }), testing::StartsWith("record 7 is none that"));
}

}  // namespace
