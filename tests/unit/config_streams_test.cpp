// A file with several streams: what each of them is configured with, and what is wrong with the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace kclhost::host::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::string two = R"(version: 1
plugin: {path: a.so, config: {x: 1, y: 2}}
on_error: {then: skip, retry: {max_attempts: 7}}
daemon:
  jvm_options: [-Xa, -Xb]
  properties: {applicationName: all, maxRecords: 10, fanoutConfig: {consumerName: c, maxDescribeStreamConsumerRetries: 3}}
streams:
  orders:
    plugin: {config: {x: 5}}
    on_error: {retry: {max_attempts: 9}}
    daemon:
      jvm_options: [-Xc]
      properties: {streamName: o, applicationName: orders-app, fanoutConfig: {consumerName: d}}
  clicks-2:
    plugin: {path: b.so}
    on_error:
    daemon: {properties: {streamName: c}}
)";

Config stream_config(const std::string& text, const std::string& stream) {
  const Loaded loaded = parse(text, "/etc/kclhost/k.yaml", stream);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  return loaded.config;
}

// The one problem, as FILE:LINE:COL: message.
std::string problem(const std::string& text, const std::string& stream = "") {
  const auto problems = parse(text, "k.yaml", stream).problems;
  EXPECT_EQ(problems.size(), 1u);
  return problems.empty() ? "" : problems.front().str();
}

TEST(ConfigStreams, AStreamHasWhatItSaysAndTheRestOfTheFile) {
  const Config orders = stream_config(two, "orders");
  EXPECT_EQ(orders.stream, "orders");
  EXPECT_EQ(orders.log.stream, "orders");
  EXPECT_EQ(orders.arguments(), "/etc/kclhost/k.yaml --stream orders");
  EXPECT_EQ(orders.plugin.path, "a.so");
  EXPECT_EQ(orders.plugin.config_json, R"({"x":5})") << "plugin.config is one value";
  EXPECT_EQ(orders.on_error.then, Then::skip);
  EXPECT_EQ(orders.on_error.retry.max_attempts, 9);
  EXPECT_THAT(orders.daemon.jvm_options, testing::ElementsAre("-Xc"));
  EXPECT_EQ(orders.daemon.daemons, 2);
  EXPECT_THAT(orders.daemon.properties,
              UnorderedElementsAre(Pair("applicationName", "orders-app"), Pair("streamName", "o"),
                                   Pair("maxRecords", "10"), Pair("fanoutConfig.consumerName", "d"),
                                   Pair("fanoutConfig.maxDescribeStreamConsumerRetries", "3")));
  const Config clicks = stream_config(two, "clicks-2");
  EXPECT_EQ(clicks.plugin.path, "b.so");
  EXPECT_EQ(clicks.plugin.config_json, R"({"x":1,"y":2})");
  EXPECT_EQ(clicks.on_error.retry.max_attempts, 7) << "a section without a key is as good as absent";
  EXPECT_EQ(clicks.daemon.properties.at("applicationName"), "all");
}

TEST(ConfigStreams, WithoutStreamsNothingIsDifferent) {
  const Config config = stream_config("version: 1\nplugin: {path: a.so}\n", "");
  EXPECT_EQ(config.stream, "");
  EXPECT_EQ(config.daemon.daemons, 1);
  EXPECT_EQ(config.arguments(), "/etc/kclhost/k.yaml");
}

TEST(ConfigStreams, OneIsNamed) {
  EXPECT_EQ(problem(two), "k.yaml:8:3: this file has several streams; name one with --stream: orders or clicks-2");
  EXPECT_EQ(problem(two, "order"), "k.yaml:8:3: there is no stream 'order'; there is orders and clicks-2");
  EXPECT_EQ(problem("version: 1\nplugin: {path: a.so}\n", "orders"),
            "k.yaml:1:1: this file has no 'streams', so there is no stream 'orders'");
}

TEST(ConfigStreams, OneLeaseTableEach) {
  const std::string same = two + "  third: {daemon: {properties: {streamName: t}}}\n";
  EXPECT_THAT(problem(same, "orders"),
              HasSubstr("k.yaml:18:3: streams clicks-2 and third have the same applicationName, 'all'"));
}

TEST(ConfigStreams, WhatIsWrongWithOneIsNothingToTheOther) {
  const std::string bad = two + "    isolation: maybe\n";
  EXPECT_THAT(problem(bad, "clicks-2"), HasSubstr("k.yaml:18:16: 'isolation'"));
  EXPECT_THAT(parse(bad, "k.yaml", "orders").problems, IsEmpty());
}

TEST(ConfigStreams, WhatIsMissingIsMissingInTheStream) {
  EXPECT_THAT(problem("version: 1\nstreams:\n  a: {plugin: {path: a.so}}\n  b: {isolation: none}\n", "b"),
              HasSubstr("k.yaml:4:3: 'plugin' is missing"));
}

TEST(ConfigStreams, SomeKeysAreAllStreams) {
  for (const char* key : {"version: 1", "plugins_dir: p", "state_dir: s", "log: {level: info}", "metrics: {emf: true}",
                          "streams: {c: {}}"}) {
    const std::string text = "version: 1\nplugin: {path: a.so}\nstreams:\n  b:\n    " + std::string(key) + "\n";
    EXPECT_THAT(problem(text, "b"), HasSubstr("k.yaml:5:5: '" + std::string(key).substr(0, std::string(key).find(':')) +
                                              "' is one for all streams"));
  }
}

TEST(ConfigStreams, MustMakeSense) {
  const std::string head = "version: 1\nplugin: {path: a.so}\nstreams:";
  EXPECT_THAT(problem(head + "\n"), HasSubstr("'streams' must be a map"));
  EXPECT_THAT(problem(head + " {}\n"), HasSubstr("'streams' must be a map"));
  EXPECT_THAT(problem(head + " [a]\n"), HasSubstr("'streams' must be a map"));
  EXPECT_THAT(problem(head + " {a: 1}\n"), HasSubstr("'streams.a' must be a map"));
  EXPECT_THAT(problem(head + " {a: }\n", "a"), HasSubstr("'streams.a' must be a map"));
  for (const char* name : {"A", "-a", "a_b", "a.b", "'a b'", "ä", "''"})
    EXPECT_THAT(problem(head + " {" + name + ": {}}\n"), HasSubstr("k.yaml:3:11: a stream's name")) << name;
}

}  // namespace
}  // namespace kclhost::host::config
