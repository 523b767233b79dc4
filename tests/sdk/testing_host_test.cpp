// kclhost/testing.hpp: what a plugin finds at the host, and what the test finds of it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "scripted.hpp"

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using scripted::Checkpointing;
using scripted::Returning;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Refuses its config where that says so.
class Choosy final : public kclhost::RecordProcessor {
 public:
  static void check_config(const kclhost::Config& config) { config.allow_only({"refuse"}); }
  explicit Choosy(kclhost::Context& context) : in_(context.config()["refuse"].value_or("")) {
    if (in_ == "the constructor") throw std::runtime_error("refused by the constructor");
  }
  void initialize(const kclhost::Initialization&) override {
    if (in_ == "initialize") throw std::runtime_error("refused by initialize");
  }
  void process_records(const kclhost::Batch&) override {}

 private:
  const std::string in_;
};

TEST(TestingHost, SaysWhereTheInstanceIs) {
  Host host;
  host.config(R"({"a": 1})").application("orders").stream("clicks").shard("shardId-7").lane(2, 3);
  auto instance = host.create<Returning>();
  const kclhost::Context& context = instance.as<Returning>().context;
  EXPECT_EQ(context.config_json(), R"({"a": 1})");
  EXPECT_EQ(context.application(), "orders");
  EXPECT_EQ(context.stream(), "clicks");
  EXPECT_EQ(context.shard_id(), "shardId-7");
  EXPECT_EQ(context.lane(), 2u);
  EXPECT_EQ(context.lane_count(), 3u);
}

TEST(TestingHost, ARefusalIsAValueToo) {
  for (const std::string place : {"the constructor", "initialize"}) {
    Host host;
    host.config(R"({"refuse": ")" + place + R"("})");
    auto instance = host.create<Choosy>();
    EXPECT_FALSE(instance.created());
    EXPECT_EQ(instance.created().message, "refused by " + place);
    EXPECT_THROW(instance.process_records({"a"}), std::logic_error);
  }
  Host host;
  EXPECT_TRUE(host.create<Choosy>().created());
  std::ostringstream shown;
  shown << host.config(R"({"refuse": "initialize"})").create<Choosy>().created();
  EXPECT_EQ(shown.str(), "failed: refused by initialize");
}

TEST(TestingHost, ChecksAConfigAsCheckDoes) {
  EXPECT_TRUE(Host::check_config<Choosy>(R"({"refuse": ""})"));
  EXPECT_EQ(Host::check_config<Choosy>(R"({"refsue": ""})").message,
            "plugin.config.refsue is unknown; there are refuse");
  EXPECT_TRUE(Host::check_config<Returning>(R"({"whatever": ""})"));
}

class Storing final : public kclhost::RecordProcessor {
 public:
  static constexpr bool can_shadow = true;
  explicit Storing(kclhost::Context& context) : context_(context) {}
  void process_records(const kclhost::Batch&) override { stored += context_.is_shadow() ? 0 : 1; }
  static inline int stored = 0;

 private:
  kclhost::Context& context_;
};

TEST(TestingHost, AShadowKnowsThatItIsOne) {
  Host host;
  Storing::stored = 0;
  {
    auto shadow = host.as_shadow().create<Storing>();
    EXPECT_TRUE(shadow.process_records({"a"}));
    EXPECT_EQ(Storing::stored, 0);
  }
  auto instance = host.as_shadow(false).create<Storing>();
  EXPECT_TRUE(instance.process_records({"b"}));
  EXPECT_EQ(Storing::stored, 1);
  Host another;
  EXPECT_THROW(another.as_shadow().create<Returning>(), std::logic_error);
}

TEST(TestingHost, HasTheLog) {
  Host host;
  host.log_level(kclhost::LogLevel::info);
  auto instance = host.create<Returning>();
  instance.as<Returning>().context.log_warn("the table is slow");
  instance.as<Returning>().context.log_debug("not written");
  ASSERT_EQ(host.logs().size(), 1u);
  EXPECT_EQ(host.logs()[0].level, kclhost::LogLevel::warn);
  EXPECT_EQ(host.logs()[0].text, "the table is slow");
  EXPECT_TRUE(host.has_logged("slow"));
  EXPECT_FALSE(host.has_logged("not written"));
}

TEST(TestingHost, HasTheMetricsByNameAndLabels) {
  Host host;
  auto instance = host.create<Returning>();
  const kclhost::Context& context = instance.as<Returning>().context;
  const std::vector<kclhost::Label> events{{"table", "events"}, {"region", "eu"}}, users{{"table", "users"}};
  context.counter({"rows", "Rows", "", events}).add(2);
  context.counter({"rows", "Rows", "", {events[1], events[0]}}).add(3);
  context.counter({"rows", "Rows", "", users}).add();
  context.gauge({"depth"}).set(7);
  context.gauge({"depth"}).set(4);
  const kclhost::Histogram latency = context.histogram({"latency", "", "seconds"});
  latency.observe(0.5);
  latency.observe(0.25);
  EXPECT_EQ(host.counter("rows", events), 5);
  EXPECT_EQ(host.counter("rows", users), 1);
  EXPECT_EQ(host.gauge("depth"), 4);
  EXPECT_THAT(host.histogram("latency"), ElementsAre(0.5, 0.25));
  try {
    static_cast<void>(host.counter("rows"));
    ADD_FAILURE() << "there is no such series";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no such metric rows; there are: rows{table=\"events\",region=\"eu\"}, rows{"));
  }
}

TEST(TestingHost, RefusesAMetricThatIsNone) {
  Host host;
  auto instance = host.create<Returning>();
  const kclhost::Context& context = instance.as<Returning>().context;
  const auto refused = [&](const kclhost::MetricSpec& spec) {
    try {
      static_cast<void>(context.counter(spec));
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused({"rows", "Rows"}), "nothing");
  EXPECT_EQ(refused({"rows", "Rows"}), "nothing") << "the same again";
  EXPECT_THAT(refused({"rows", "Other"}), HasSubstr("another kind, unit or help"));
  for (const char* name : {"", "9lives", "Rows", "a-b", "rows_total"}) {
    EXPECT_THAT(refused({name}), HasSubstr("name")) << name;
  }
  EXPECT_THAT(refused({"read_bytes", "", "bytes"}), HasSubstr("end with its unit"));
  EXPECT_THAT(refused({"a", "two\nlines"}), HasSubstr("one line"));
  EXPECT_THAT(refused({"b", "", "", {{"__x", ""}}}), HasSubstr("no label's name"));
  EXPECT_THAT(refused({"c", "", "", {{"x", "1"}, {"x", "2"}}}), HasSubstr("two labels x"));
  EXPECT_THAT(refused({"d", "", "", std::vector<kclhost::Label>(9, {"x", ""})}), HasSubstr("more than 8"));
  EXPECT_THROW(static_cast<void>(context.gauge({"rows", "Rows"})), std::invalid_argument);
}

TEST(TestingHost, AnswersCheckpointsAsToldAndKeepsThem) {
  using namespace kclhost::testing;
  Host host;
  host.answer_checkpoints({throttled(), recorded(), lease_lost()});
  auto instance = host.create<Checkpointing>();
  auto& processor = instance.as<Checkpointing>();
  EXPECT_TRUE(instance.process_records(Batch().record("a").sequence(4).record("b").sequence(4).sub(1)));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(instance.flush());
  const auto& status = processor.last_status;
  ASSERT_EQ(status.size(), 4u);
  EXPECT_TRUE(status[0].retryable());
  EXPECT_EQ(status[0].name(), "ThrottlingException");
  EXPECT_TRUE(status[1].ok());
  EXPECT_EQ(status[2].code(), KCLHOST_SHUTDOWN);
  EXPECT_EQ(status[3].code(), KCLHOST_SHUTDOWN) << "a lease that is lost stays lost";
  ASSERT_EQ(host.checkpoints().size(), 4u);
  EXPECT_TRUE(host.checkpoints()[1].all);
  EXPECT_EQ(host.checkpoints()[1].position, kclhost::Position("4", 1));
  EXPECT_EQ(host.checkpoints()[1].answer.code, KCLHOST_OK);

  processor.script = [](const kclhost::Batch&, kclhost::Checkpointer& checkpointer) {
    EXPECT_FALSE(checkpointer.checkpoint("4"));
  };
  EXPECT_TRUE(instance.process_records(Batch().record("c").sequence(5)));
  EXPECT_FALSE(host.checkpoints().back().all);
  EXPECT_EQ(host.checkpoints().back().position, kclhost::Position("4", 1)) << "all of that number, as far as given";
}

TEST(TestingHost, SaysWhenToStopAndWhatTimeIsLeft) {
  Host host;
  auto instance = host.create<Returning>();
  auto& processor = instance.as<Returning>();
  EXPECT_EQ(processor.context.remaining(), std::nullopt) << "between calls";
  host.remaining(milliseconds(250));
  processor.script = [&](const kclhost::Batch&, Returning& self) {
    EXPECT_EQ(self.context.remaining(), milliseconds(250));
    EXPECT_FALSE(self.context.should_stop());
    host.stop(kclhost::StopReason::deadline);
    EXPECT_EQ(self.context.stop_reason(), kclhost::StopReason::deadline);
    EXPECT_EQ(self.context.remaining(), milliseconds(0));
    host.stop(kclhost::StopReason::end);
    EXPECT_EQ(self.context.stop_reason(), kclhost::StopReason::end);
  };
  EXPECT_TRUE(instance.process_records({"a"}));
}

TEST(TestingHost, TicksWhenThePluginAskedForIt) {
  Host host;
  auto instance = host.create<Returning>();
  EXPECT_EQ(instance.tick_interval(), std::nullopt);
  EXPECT_THROW(instance.tick(), std::logic_error);
  instance.as<Returning>().script = [](const kclhost::Batch&, Returning& self) {
    self.context.set_tick_interval(milliseconds(500));
  };
  EXPECT_TRUE(instance.process_records({"a"}));
  EXPECT_EQ(instance.tick_interval(), milliseconds(500));
  EXPECT_TRUE(instance.tick());
  EXPECT_EQ(instance.as<Returning>().ticks, 1);
}

TEST(TestingHost, HasOneInstanceAtATime) {
  Host host;
  auto instance = host.create<Returning>();
  EXPECT_THROW(static_cast<void>(host.create<Returning>()), std::logic_error);
  instance.destroy();
  EXPECT_TRUE(host.create<Returning>().created());
}

TEST(TestingHost, LoadsABuiltPlugin) {
  Host host;
  auto instance = host.create(kclhost::testing::load(MINIMAL_C));
  EXPECT_TRUE(instance.process_records({"12", "345"}));
  EXPECT_TRUE(instance.shard_ended());
  EXPECT_TRUE(host.has_logged("records=2 bytes=5"));
  EXPECT_THROW(instance.as<Returning>(), std::logic_error);
  EXPECT_THROW(kclhost::testing::load("/nowhere/plugin.so"), std::runtime_error);
}

}  // namespace
