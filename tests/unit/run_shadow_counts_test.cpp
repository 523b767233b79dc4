// What became of a batch that a plugin and its shadow were given.
#include "run/shadow_counts.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "config/config.hpp"
#include "hub/own_series.hpp"

namespace kclhost::host::run {
namespace {

class Shadows : public testing::Test {
 protected:
  Shadows() {
    texts_[0] = '1';
    *reinterpret_cast<RecordEntry*>(texts_ + 8) = {0, 1, 0, 1, 0, 1, 0, KCLHOST_NO_TIMESTAMP};
  }
  double differences() const {
    std::vector<hub::Series> all;
    counts.add_to(all);
    double sum = 0;
    for (const hub::Series& one : all) {
      if (one.family.name == hub::own::shadow_differences.name) sum += one.reading.value;
    }
    return sum;
  }

  config::Config config_;
  observe::Log log_{config_.log};
  alignas(8) char texts_[64] = {};
  Batch batch{texts_, 8, 1, -1};
  ShadowCounts counts{log_};
};

TEST_F(Shadows, ALostLeaseLeavesTheBatchInHandAlone) {
  counts.given(batch);
  counts.plugin_left_it();
  counts.over(ShadowCounts::Outcome::failed, "no");
  EXPECT_EQ(differences(), 0);
}

TEST_F(Shadows, ALostLeaseSaysNothingOfABatchThatThePluginIsDoneWith) {
  counts.given(batch);
  counts.plugin_finished();
  counts.plugin_left_it();  // another one, which the shadow was too busy for
  counts.over(ShadowCounts::Outcome::failed, "no");
  EXPECT_EQ(differences(), 1);
}

}  // namespace
}  // namespace kclhost::host::run
