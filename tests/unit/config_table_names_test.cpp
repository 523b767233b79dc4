#include "config/table_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kclhost::host::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Properties = std::map<std::string, std::string>;

TEST(TableNames, OfAnApplicationAreTakenAsDynamoDbTakesThem) {
  for (const std::string& name : {std::string("app"), std::string("a.B_c-9"), std::string(237, 'x')})
    EXPECT_THAT(find_bad_table_names({{"applicationName", name}}), IsEmpty()) << name;
  EXPECT_THAT(find_bad_table_names({{"streamName", "words"}}), IsEmpty());
}

TEST(TableNames, OfAnApplicationThatDynamoDbRefusesAreNamedWithTheirCure) {
  for (const char* name : {"my app", "orders/1", "Caf\u00E9", "a:b"}) {
    const auto bad = find_bad_table_names({{"applicationName", name}});
    ASSERT_EQ(bad.size(), 1u) << name;
    EXPECT_EQ(bad[0].property, "applicationName");
    EXPECT_THAT(bad[0].message,
                AllOf(HasSubstr("the table '" + std::string(name) + "'"), HasSubstr("3 to 255 characters"),
                      HasSubstr("set tableName, coordinatorStateTableName and workerMetricsTableName")));
  }
}

TEST(TableNames, MayBeTooShortOrTooLongForOneTableAlone) {
  const auto short_one = find_bad_table_names({{"applicationName", "ab"}});
  ASSERT_EQ(short_one.size(), 1u);
  EXPECT_THAT(short_one[0].message, AllOf(HasSubstr("'ab'"), HasSubstr("or set tableName")));
  EXPECT_THAT(short_one[0].message, Not(HasSubstr("workerMetricsTableName")));
  const auto long_one = find_bad_table_names({{"applicationName", std::string(238, 'x')}});
  ASSERT_EQ(long_one.size(), 1u);
  EXPECT_THAT(long_one[0].message, HasSubstr("or set workerMetricsTableName"));
}

TEST(TableNames, OfTheUsersOwnAreLookedAtInstead) {
  const Properties all = {{"applicationName", "my app"},
                          {"tableName", "leases"},
                          {"coordinatorStateTableName", "state"},
                          {"workerMetricsTableName", "metrics"}};
  EXPECT_THAT(find_bad_table_names(all), IsEmpty());
  Properties one = all;
  one["tableName"] = "my leases";
  const auto bad = find_bad_table_names(one);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].property, "tableName");
  EXPECT_THAT(bad[0].message, HasSubstr("'my leases'"));
}

}  // namespace
}  // namespace kclhost::host::config
