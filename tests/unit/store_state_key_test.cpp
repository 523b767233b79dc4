#include "store/state_key.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace kclhost::host::store {
namespace {

config::Config config_of(std::map<std::string, std::string> properties, const char* file = "/etc/orders.yaml") {
  config::Config config;
  config.file = file;
  config.daemon.properties = std::move(properties);
  return config;
}

TEST(StateKey, IsTheApplicationsAndTheStreams) {
  EXPECT_EQ(state_key(config_of({{"applicationName", "orders"}, {"streamName", "events"}})), "orders@events");
}

TEST(StateKey, TakesTheStreamsArnWhereThereIsNoName) {
  EXPECT_EQ(state_key(config_of({{"applicationName", "orders"}, {"streamArn", "arn:aws:kinesis:x:1:stream/events"}})),
            "orders@arn:aws:kinesis:x:1:stream/events");
}

TEST(StateKey, IsTheApplicationsAloneWithoutAStream) {
  EXPECT_EQ(state_key(config_of({{"applicationName", "orders"}})), "orders");
}

TEST(StateKey, TellsApplicationsAndStreamsApart) {
  const std::string orders = state_key(config_of({{"applicationName", "orders"}, {"streamName", "events"}}));
  EXPECT_NE(orders, state_key(config_of({{"applicationName", "clicks"}, {"streamName", "events"}})));
  EXPECT_NE(orders, state_key(config_of({{"applicationName", "orders"}, {"streamName", "others"}})));
}

TEST(StateKey, WithoutAnApplicationTheConfigurationFileStandsForIt) {
  const std::string orders = state_key(config_of({}, "/etc/orders.yaml"));
  EXPECT_TRUE(orders.starts_with("config-")) << orders;
  EXPECT_EQ(orders, state_key(config_of({}, "/etc/orders.yaml")));
  EXPECT_NE(orders, state_key(config_of({}, "/etc/clicks.yaml")));
  EXPECT_EQ(orders, state_key(config_of({{"streamName", "events"}}, "/etc/orders.yaml")))
      << "an existing daemon's properties are not in it";
}

TEST(StateKey, APropertyThatIsNotSetIsEmpty) {
  const config::Config config = config_of({{"streamName", "events"}});
  EXPECT_EQ(daemon_property(config, "streamName"), "events");
  EXPECT_EQ(daemon_property(config, "applicationName"), "");
}

}  // namespace
}  // namespace kclhost::host::store
