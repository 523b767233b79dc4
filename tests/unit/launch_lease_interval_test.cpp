#include "launch/lease_interval.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::launch {
namespace {

using Properties = std::map<std::string, std::string>;

Properties with_interval(Properties properties) {
  add_lease_interval(properties);
  return properties;
}

TEST(LeaseInterval, IsHalfTheFailoverTimeAndBalancingStaysAsSeldomAsItWas) {
  const Properties got = with_interval({});
  EXPECT_EQ(got.at("leaseAssignmentIntervalMillis"), "5000");
  EXPECT_EQ(got.at("varianceBalancingFrequency"), "12");  // a minute, as with the KCL's 20 s and 3
  const Properties slow = with_interval({{"failoverTimeMillis", "60000"}});
  EXPECT_EQ(slow.at("leaseAssignmentIntervalMillis"), "30000");
  EXPECT_EQ(slow.at("varianceBalancingFrequency"), "12");
}

TEST(LeaseInterval, IsNeverLongerThanTheKclsAndNotShorterThanTwoSecondsForIt) {
  const Properties fast = with_interval({{"failoverTimeMillis", "3000"}});
  EXPECT_EQ(fast.at("leaseAssignmentIntervalMillis"), "2000");
  EXPECT_EQ(fast.at("varianceBalancingFrequency"), "9");
  const Properties faster = with_interval({{"failoverTimeMillis", "+500"}});
  EXPECT_EQ(faster.at("leaseAssignmentIntervalMillis"), "1000");
  EXPECT_EQ(faster.at("varianceBalancingFrequency"), "3");
}

TEST(LeaseInterval, IsTheUsersWhereHeSetsOneOfTheTwo) {
  for (const Properties& set :
       {Properties{{"leaseAssignmentIntervalMillis", "700"}}, Properties{{"varianceBalancingFrequency", "1"}},
        Properties{{"failoverTimeMillis", "0"}}})
    EXPECT_EQ(with_interval(set), set);
}

TEST(LeaseInterval, IsWhatTheDaemonTakes) {
  using std::chrono::milliseconds;
  EXPECT_EQ(lease_interval({}), milliseconds{20'000});
  EXPECT_EQ(lease_interval({{"failoverTimeMillis", "3000"}}), milliseconds{6'000});
  EXPECT_EQ(lease_interval({{"failoverTimeMillis", "3000"}, {"leaseAssignmentIntervalMillis", "700"}}),
            milliseconds{700});
}

}  // namespace
}  // namespace kclhost::host::launch
