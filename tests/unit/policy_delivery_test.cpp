// One path of the failure policy a test; policy_random_test.cpp takes them all at random.
#include "policy/delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace kclhost::host::policy {
namespace {

using namespace std::chrono_literals;
using config::Then;
using Step = Delivery::Step;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

constexpr config::Retry three_tries{3, 200ms, 10s};

config::OnError policy(Then then, config::Retry retry = three_tries, bool bisect = true) {
  return {.retry = retry, .bisect = bisect, .max_record_age = {}, .then = then};
}

struct Range {
  std::uint32_t first, last;
  bool operator==(const Range&) const = default;
};
void PrintTo(const Range& range, std::ostream* out) {
  *out << '[' << range.first << ", " << range.last << ')';
}

// Carries out what the policy says for a plugin that fails on some records, and keeps the books.
class Plugin {
 public:
  Plugin(const config::OnError& on_error, std::uint32_t count, std::set<std::uint32_t> bad_ones = {})
      : bad(std::move(bad_ones)), delivery(on_error, 1), count_(count) {}

  // Until it is done, stops, or has made so many deliveries.
  void run(std::size_t most = 100'000) {
    for (;;) {
      const Delivery::Action action = delivery.next();
      switch (action.step) {
        case Step::done:
          EXPECT_EQ(delivery.finished(), count_);
          done = true;
          return;
        case Step::stop:
          stopped = true;
          return;
        case Step::wait:
          waits.push_back(action);
          delivery.waited();
          break;
        case Step::give_up:
          EXPECT_EQ(action.first, delivery.finished());
          for (std::uint32_t i = action.first; i < action.last; ++i) {
            given_up.push_back(i);
            failures.push_back(delivery.failures_of(i));
          }
          aged = delivery.gave_up_for_age();
          delivery.given_up();
          break;
        case Step::deliver:
          if (deliveries.size() == most) return;
          deliver(action);
          break;
      }
    }
  }

  void deliver(const Delivery::Action& action) {
    ASSERT_EQ(action.first, delivery.finished()) << "nothing is skipped, nothing is delivered again";
    ASSERT_LT(action.first, action.last);
    ASSERT_LE(action.last, count_);
    deliveries.push_back({action.first, action.last});
    attempts.push_back(action.attempt);
    const auto first_bad = bad.lower_bound(action.first);
    if (first_bad == bad.end() || *first_bad >= action.last) {
      for (std::uint32_t i = action.first; i < action.last; ++i) accepted.push_back(i);
      delivery.succeeded();
      return;
    }
    const std::uint32_t named = names_the_record ? *first_bad - action.first : 0;
    for (std::uint32_t i = 0; i < named; ++i) accepted.push_back(action.first + i);
    delivery.failed(named);
  }

  std::set<std::uint32_t> bad;
  bool names_the_record = false;
  Delivery delivery;
  std::vector<Range> deliveries;
  std::vector<std::uint32_t> attempts, accepted, given_up, failures;
  std::vector<Delivery::Action> waits;
  bool done = false, stopped = false, aged = false;

 private:
  std::uint32_t count_;
};

std::vector<std::uint32_t> all_but(std::uint32_t count, const std::set<std::uint32_t>& bad) {
  std::vector<std::uint32_t> indexes;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!bad.contains(i)) indexes.push_back(i);
  }
  return indexes;
}

TEST(Delivery, BatchThatPassesIsDeliveredOnce) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 100);
  plugin.delivery.begin(100);
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 100}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1));
  EXPECT_THAT(plugin.waits, IsEmpty());
}

TEST(Delivery, EmptyBatchIsDoneAtOnce) {
  const auto on_error = policy(Then::block);
  Delivery delivery(on_error, 1);
  delivery.begin(0);
  EXPECT_EQ(delivery.next().step, Step::done);
}

TEST(Delivery, FailureIsTriedAgainAfterAWait) {
  const auto on_error = policy(Then::block, {4, 100ms, 10s});
  Plugin plugin(on_error, 10, {7});
  plugin.delivery.begin(10);
  plugin.run(3);
  plugin.bad.clear();
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 10}, Range{0, 10}, Range{0, 10}, Range{0, 10}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1, 2, 3, 4));
  ASSERT_THAT(plugin.waits, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(plugin.waits[i].wait, 100ms * (1 << i));
    EXPECT_GE(plugin.waits[i].wait, 50ms * (1 << i));
    EXPECT_FALSE(plugin.waits[i].blocked);
  }
}

TEST(Delivery, RecordsBeforeTheNamedOneAreDone) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {4, 7});
  plugin.names_the_record = true;
  plugin.delivery.begin(10);
  plugin.run();
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(10, {4, 7})));
  EXPECT_THAT(plugin.given_up, ElementsAre(4, 7));
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 10}));
  EXPECT_EQ(plugin.deliveries[1], (Range{4, 10})) << "what was done is not delivered again";
}

TEST(Delivery, ProgressStartsTheCountAnew) {
  const auto on_error = policy(Then::stop, three_tries, false);
  Plugin plugin(on_error, 10, {2});
  plugin.names_the_record = true;
  plugin.delivery.begin(10);
  for (std::uint32_t bad : {2u, 4u, 6u, 8u}) {
    plugin.bad = {bad};
    plugin.run(plugin.deliveries.size() + 2);
  }
  plugin.bad.clear();
  plugin.run();
  EXPECT_TRUE(plugin.done) << "no record failed three times";
}

TEST(Delivery, PluginThatClaimsTooMuchIsNotBelieved) {
  const auto on_error = policy(Then::dead_letter, {1, 1ms, 1ms}, false);
  for (const std::uint32_t claim : {5u, 6u, 1000u, 0xffffffffu}) {
    Delivery delivery(on_error, 1);
    delivery.begin(5);
    ASSERT_EQ(delivery.next().step, Step::deliver);
    delivery.failed(claim);
    EXPECT_EQ(delivery.finished(), 4u) << "it failed, so something is not done";
    const auto action = delivery.next();
    EXPECT_EQ(action.step, Step::give_up);
    EXPECT_EQ(action.first, 4u);
    EXPECT_EQ(action.last, 5u);
  }
}

// ---- bisection

TEST(Delivery, OneBadRecordAmongTenThousandIsFoundInFewDeliveries) {
  constexpr std::uint32_t count = 10'000;
  const auto on_error = policy(Then::dead_letter);
  for (std::uint32_t bad = 0; bad < count; bad += bad < 20 || bad > count - 20 ? 1 : 97) {
    Plugin plugin(on_error, count, {bad});
    plugin.delivery.begin(count);
    plugin.run();
    ASSERT_THAT(plugin.given_up, ElementsAre(bad));
    ASSERT_EQ(plugin.accepted, all_but(count, {bad}));
    const double more = static_cast<double>(plugin.deliveries.size()) - 1;
    ASSERT_LE(more, 2 * std::log2(count) + three_tries.max_attempts) << bad;
  }
}

TEST(Delivery, EveryPairOfBadRecordsIsFoundAndTheRestPassesOnceInOrder) {
  constexpr std::uint32_t count = 24;
  const auto on_error = policy(Then::dead_letter);
  for (std::uint32_t a = 0; a < count; ++a) {
    for (std::uint32_t b = a + 1; b < count; ++b) {
      Plugin plugin(on_error, count, {a, b});
      plugin.delivery.begin(count);
      plugin.run();
      ASSERT_THAT(plugin.given_up, ElementsAre(a, b));
      ASSERT_THAT(plugin.accepted, ElementsAreArray(all_but(count, {a, b})));
    }
  }
}

TEST(Delivery, ManyBadRecordsCostTheirLogarithmEach) {
  constexpr std::uint32_t count = 10'000;
  const auto on_error = policy(Then::dead_letter);
  std::minstd_rand random(7);
  for (const std::size_t k : {2u, 10u, 100u, 1000u}) {
    std::set<std::uint32_t> bad;
    while (bad.size() < k) bad.insert(static_cast<std::uint32_t>(random() % count));
    Plugin plugin(on_error, count, bad);
    plugin.delivery.begin(count);
    plugin.run();
    EXPECT_THAT(plugin.given_up, ElementsAreArray(std::vector<std::uint32_t>(bad.begin(), bad.end())));
    EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(count, bad)));
    EXPECT_LE(
        static_cast<double>(plugin.deliveries.size()),
        static_cast<double>(k) * (std::log2(count) + 2 + three_tries.max_attempts) + three_tries.max_attempts + 1);
  }
}

TEST(Delivery, AllBadIsAllGivenUp) {
  const auto on_error = policy(Then::skip);
  std::set<std::uint32_t> bad;
  for (std::uint32_t i = 0; i < 50; ++i) bad.insert(i);
  Plugin plugin(on_error, 50, bad);
  plugin.delivery.begin(50);
  plugin.run();
  EXPECT_THAT(plugin.given_up, SizeIs(50));
  EXPECT_THAT(plugin.accepted, IsEmpty());
}

TEST(Delivery, FailuresAreCountedRecordByRecord) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 4, {1});
  plugin.delivery.begin(4);
  plugin.run();
  // Three times all, then the front half, then it alone three times.
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 4}, Range{0, 4}, Range{0, 4}, Range{0, 2}, Range{0, 1},
                                             Range{1, 2}, Range{1, 2}, Range{1, 2}, Range{2, 4}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1, 2, 3, 4, 5, 5, 6, 7, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(7));
}

TEST(Delivery, WithoutBisectTheWholeRangeIsGivenUp) {
  const auto on_error = policy(Then::dead_letter, three_tries, false);
  Plugin plugin(on_error, 5, {3});
  plugin.delivery.begin(5);
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.deliveries, SizeIs(3));
  EXPECT_THAT(plugin.given_up, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(3, 3, 3, 3, 3));

  Plugin naming(on_error, 5, {3});
  naming.names_the_record = true;
  naming.delivery.begin(5);
  naming.run();
  EXPECT_THAT(naming.given_up, ElementsAre(3, 4)) << "all but what was done";
}

// ---- then

TEST(Delivery, BlockWaitsAtMaxBackoffUntilTheRecordPasses) {
  const auto on_error = policy(Then::block);
  Plugin plugin(on_error, 8, {3});
  plugin.delivery.begin(8);
  plugin.run(30);
  EXPECT_FALSE(plugin.done);
  EXPECT_EQ(plugin.delivery.finished(), 3u) << "what is before it is done, so that it can be checkpointed";
  ASSERT_GT(plugin.waits.size(), 10u);
  EXPECT_TRUE(plugin.waits.back().blocked);
  EXPECT_EQ(plugin.waits.back().wait, 10s);
  EXPECT_EQ(plugin.deliveries.back(), (Range{3, 4}));
  plugin.bad.clear();
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.given_up, IsEmpty());
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(8, {})));
}

TEST(Delivery, RecordAfterABlockedOneBlocksAsWell) {
  const auto on_error = policy(Then::block, {1, 1ms, 5s});
  Plugin plugin(on_error, 8, {3, 5});
  plugin.delivery.begin(8);
  plugin.run(30);
  plugin.bad.erase(3);
  plugin.run(60);
  EXPECT_EQ(plugin.delivery.finished(), 5u);
  EXPECT_TRUE(plugin.waits.back().blocked);
  plugin.bad.clear();
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(8, {})));
}

TEST(Delivery, StopLeavesTheRecordUnfinishedAndThoseBehindItUntouched) {
  const auto on_error = policy(Then::stop);
  Plugin plugin(on_error, 100, {40, 60});
  plugin.delivery.begin(100);
  plugin.run();
  EXPECT_TRUE(plugin.stopped);
  EXPECT_EQ(plugin.delivery.finished(), 40u);
  EXPECT_EQ(plugin.delivery.next().step, Step::stop);
  EXPECT_EQ(plugin.accepted.back(), 39u);
}

// ---- max_record_age

TEST(Delivery, OldRecordsAreGivenUpUntried) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10);
  plugin.delivery.begin(10, std::nullopt, [](std::uint32_t i) { return i == 0 || i == 4 || i == 5 || i == 9; });
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{1, 4}, Range{6, 9}));
  EXPECT_THAT(plugin.given_up, ElementsAre(0, 4, 5, 9));
  EXPECT_THAT(plugin.failures, ElementsAre(0, 0, 0, 0));
  EXPECT_TRUE(plugin.aged);
}

TEST(Delivery, BadRecordsAreFoundBetweenOldOnes) {
  const auto on_error = policy(Then::skip);
  Plugin plugin(on_error, 40, {13, 21});
  plugin.delivery.begin(40, std::nullopt, [](std::uint32_t i) { return i < 10 || i == 20; });
  plugin.run();
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 10; ++i) expected.push_back(i);
  expected.insert(expected.end(), {13, 20, 21});
  EXPECT_THAT(plugin.given_up, ElementsAreArray(expected));
  EXPECT_FALSE(plugin.aged) << "the last one was tried";
}

TEST(Delivery, OldRecordStopsWhereThenIsStop) {
  const auto on_error = policy(Then::stop);
  Plugin plugin(on_error, 10);
  plugin.delivery.begin(10, std::nullopt, [](std::uint32_t i) { return i == 4; });
  plugin.run();
  EXPECT_TRUE(plugin.stopped);
  EXPECT_EQ(plugin.delivery.finished(), 4u);
}

// ---- what an earlier process did not live to finish

TEST(Delivery, CountGoesOnWhereTheEarlierProcessEnded) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {6});
  plugin.delivery.begin(10, Delivery::Suspect{.first = 0, .last = 10, .tries = 2});
  plugin.run();
  EXPECT_THAT(plugin.given_up, ElementsAre(6));
  EXPECT_THAT(plugin.deliveries, testing::Not(testing::Contains(Range{0, 10}).Times(2)));
  EXPECT_EQ(plugin.attempts[0], 3u);
}

TEST(Delivery, SuspectsInsideABatchAreTriedByThemselves) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20);
  plugin.delivery.begin(20, Delivery::Suspect{.first = 5, .last = 9, .tries = 1});
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 5}, Range{5, 9}, Range{9, 20}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1, 2, 1)) << "only the suspects were tried before";
}

TEST(Delivery, SuspectsAtTheFrontAreTriedByThemselves) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20);
  plugin.delivery.begin(20, Delivery::Suspect{.first = 0, .last = 9, .tries = 2});
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 9}, Range{9, 20}));
}

TEST(Delivery, ManySuspectsTriedTooOftenAreHalvedAtOnce) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {3});
  plugin.delivery.begin(20, Delivery::Suspect{.first = 0, .last = 16, .tries = 4});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 8}));
  EXPECT_THAT(plugin.given_up, ElementsAre(3));
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(20, {3})));
}

TEST(Delivery, SearchGoesOnWhereTheEarlierProcessEnded) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {3});
  plugin.delivery.begin(20, Delivery::Suspect{.first = 0, .last = 16, .tries = 1, .searching = true});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 8})) << "in a search one try of many is enough";
  EXPECT_THAT(plugin.given_up, ElementsAre(3));
}

TEST(Delivery, TheActionTellsWhatASuspectMustKnow) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.begin(2);
  std::vector<std::pair<std::uint32_t, bool>> told;
  for (auto action = delivery.next(); action.step != Step::give_up; action = delivery.next()) {
    if (action.step == Step::wait) {
      delivery.waited();
      continue;
    }
    told.emplace_back(action.tries, action.searching);
    delivery.failed(0);
  }
  EXPECT_THAT(told, ElementsAre(std::pair(1u, false), std::pair(2u, false), std::pair(3u, false), std::pair(1u, true),
                                std::pair(2u, true), std::pair(3u, true)));
}

TEST(Delivery, RecordThatEndsTheHostEveryTimeIsGivenUp) {
  constexpr std::uint32_t count = 1000, bad = 617;
  const auto on_error = policy(Then::dead_letter);
  std::optional<Delivery::Suspect> journal;
  std::uint32_t checkpoint = 0;
  std::vector<std::uint32_t> given_up;
  int restarts = 0;
  for (bool over = false; !over; ++restarts) {
    ASSERT_LT(restarts, 2 * 10 + 2 * 3) << "restarts of the whole daemon are dear";
    Delivery delivery(on_error, 1);
    std::optional<Delivery::Suspect> suspect = journal;
    if (suspect) suspect->first -= checkpoint, suspect->last -= checkpoint;
    delivery.begin(count - checkpoint, suspect);
    const std::uint32_t base = checkpoint;
    for (bool alive = true; alive;) {
      const auto action = delivery.next();
      switch (action.step) {
        case Step::deliver:
          journal = {base + action.first, base + action.last, action.tries, action.searching};
          if (base + action.first <= bad && bad < base + action.last) {
            alive = false;
          } else {
            delivery.succeeded();
            journal.reset();
          }
          break;
        case Step::wait:
          delivery.waited();
          break;
        case Step::give_up:
          for (std::uint32_t i = action.first; i < action.last; ++i) given_up.push_back(base + i);
          delivery.given_up();
          break;
        default:
          alive = false;
          over = true;
      }
      checkpoint = base + delivery.finished();
    }
  }
  EXPECT_THAT(given_up, ElementsAre(bad));
}

TEST(Delivery, LoneSuspectThatWasOnlyInterruptedIsTriedAgain) {
  // The process may have ended for another reason, or just after the record was accepted.
  for (const std::uint32_t tries : {1u, 2u, 3u}) {
    const auto on_error = policy(Then::dead_letter);
    Plugin plugin(on_error, 3);
    plugin.delivery.begin(3, Delivery::Suspect{.first = 1, .last = 2, .tries = tries, .searching = true});
    plugin.run();
    EXPECT_THAT(plugin.given_up, IsEmpty()) << tries;
  }
}

TEST(Delivery, LoneSuspectTriedTooOftenIsGivenUpUntried) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 3);
  plugin.delivery.begin(3, Delivery::Suspect{.first = 1, .last = 2, .tries = 4});
  plugin.run();
  EXPECT_THAT(plugin.given_up, ElementsAre(1));
  EXPECT_THAT(plugin.failures, ElementsAre(4));
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 1}, Range{2, 3}));
}

TEST(Delivery, PartOfWhatWasTriedIsSearchedAndTheRecordHasTriesOfItsOwn) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 9, {4});
  plugin.delivery.begin(9, Delivery::Suspect{.first = 0, .last = 8, .tries = 3, .part = true});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 4}));
  EXPECT_THAT(plugin.deliveries, testing::Contains(Range{4, 5}).Times(3));

  Plugin lone(on_error, 2, {0});
  lone.delivery.begin(2, Delivery::Suspect{.first = 0, .last = 1, .tries = 3, .part = true});
  lone.run();
  EXPECT_THAT(lone.deliveries, ElementsAre(Range{0, 1}, Range{0, 1}, Range{0, 1}, Range{1, 2}));
  EXPECT_THAT(lone.failures, ElementsAre(6));
}

TEST(Delivery, StoppedHostThatIsStartedAgainTriesAgain) {
  // Somebody may have mended the plugin meanwhile.
  for (const std::uint32_t tries : {3u, 4u, 50u}) {
    const auto on_error = policy(Then::stop);
    Plugin plugin(on_error, 3);
    plugin.delivery.begin(3, Delivery::Suspect{.first = 1, .last = 2, .tries = tries});
    plugin.run();
    EXPECT_TRUE(plugin.done) << tries;
    Plugin still_bad(on_error, 3, {1});
    still_bad.delivery.begin(3, Delivery::Suspect{.first = 1, .last = 2, .tries = tries});
    still_bad.run();
    EXPECT_TRUE(still_bad.stopped);
    EXPECT_THAT(still_bad.deliveries, ElementsAre(Range{0, 1}, Range{1, 2}));
  }
}

TEST(Delivery, BlockedSuspectWaitsBeforeItIsTried) {
  const auto on_error = policy(Then::block);
  Plugin plugin(on_error, 3);
  plugin.delivery.begin(3, Delivery::Suspect{.first = 1, .last = 2, .tries = 9});
  plugin.run();
  EXPECT_TRUE(plugin.done);
  ASSERT_THAT(plugin.waits, SizeIs(1));
  EXPECT_TRUE(plugin.waits[0].blocked);
}

TEST(Delivery, OldSuspectsAreGivenUpAndTheOthersKeepTheirCount) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10);
  plugin.delivery.begin(10, Delivery::Suspect{.first = 2, .last = 8, .tries = 2},
                        [](std::uint32_t i) { return i < 5; });
  plugin.run();
  EXPECT_THAT(plugin.given_up, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(0, 0, 2, 2, 2));
  EXPECT_THAT(plugin.attempts, ElementsAre(3, 3, 3, 1));
  EXPECT_THAT(plugin.accepted, ElementsAre(5, 6, 7, 8, 9));
}

TEST(Delivery, NextBatchKnowsNothingOfTheOneBefore) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {5});
  plugin.delivery.begin(10, Delivery::Suspect{.first = 0, .last = 4, .tries = 2});
  plugin.run();
  plugin.bad.clear();
  plugin.deliveries.clear();
  plugin.attempts.clear();
  plugin.delivery.begin(10);
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 10}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1));
}

}  // namespace
}  // namespace kclhost::host::policy
