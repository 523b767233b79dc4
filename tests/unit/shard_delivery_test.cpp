// One path of the failure policy a test; tests/simulation takes them all at random.
#include "shard/delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>

namespace kclhost::host {
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

// Carries out what is ordered for a plugin that fails on some records, and keeps the books.
class Plugin {
 public:
  Plugin(const config::OnError& on_error, std::uint32_t count, std::set<std::uint32_t> bad_ones = {},
         const std::optional<Delivery::Suspect>& suspect = std::nullopt)
      : bad(std::move(bad_ones)), delivery(on_error, 1), count_(count) {
    delivery.extend(count);
    if (suspect) delivery.suspect(*suspect);
  }

  // Until it is done, stops, or has made so many deliveries.
  void run(std::size_t most = 100'000) {
    for (;;) {
      const Delivery::Order order = delivery.next(too_old);
      switch (order.step) {
        case Step::done:
          EXPECT_EQ(delivery.finished(), count_);
          done = true;
          return;
        case Step::stop:
          stopped = true;
          return;
        case Step::wait:
          waits.push_back(order);
          delivery.waited();
          break;
        case Step::set_aside:
          EXPECT_EQ(order.first, delivery.finished());
          for (std::uint32_t i = order.first; i < order.last; ++i) {
            set_aside.push_back(i);
            failures.push_back(delivery.failures_of(i));
          }
          aged = order.aged;
          delivery.set_aside();
          break;
        case Step::flush:
        case Step::make_room:
          FAIL() << "nothing is held, so there is nothing to flush";
        case Step::deliver:
          if (deliveries.size() == most) return;
          deliver(order);
          break;
      }
    }
  }

  void deliver(const Delivery::Order& order) {
    ASSERT_EQ(order.first, delivery.finished()) << "nothing is skipped, nothing is delivered again";
    ASSERT_LT(order.first, order.last);
    ASSERT_LE(order.last, count_);
    deliveries.push_back({order.first, order.last});
    attempts.push_back(order.attempt);
    delivery.begun();
    const auto first_bad = bad.lower_bound(order.first);
    if (first_bad == bad.end() || *first_bad >= order.last) {
      for (std::uint32_t i = order.first; i < order.last; ++i) accepted.push_back(i);
      delivery.succeeded();
      return;
    }
    const std::uint32_t named = names_the_record ? *first_bad - order.first : 0;
    for (std::uint32_t i = 0; i < named; ++i) accepted.push_back(order.first + i);
    delivery.failed({.accepted = named});
  }

  std::set<std::uint32_t> bad;
  bool names_the_record = false;
  Delivery::TooOld too_old;
  Delivery delivery;
  std::vector<Range> deliveries;
  std::vector<std::uint32_t> attempts, accepted, set_aside, failures;
  std::vector<Delivery::Order> waits;
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

void begin(Delivery& delivery) {
  ASSERT_EQ(delivery.next({}).step, Step::deliver);
  delivery.begun();
}

// So many records more are given to the instance, and accepted.
void accept(Delivery& delivery, std::uint32_t count) {
  delivery.extend(count);
  begin(delivery);
  delivery.succeeded();
}

TEST(Delivery, BatchThatPassesIsDeliveredOnce) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 100);
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 100}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1));
  EXPECT_THAT(plugin.waits, IsEmpty());
}

TEST(Delivery, EmptyBatchIsDoneAtOnce) {
  const auto on_error = policy(Then::block);
  Delivery delivery(on_error, 1);
  EXPECT_EQ(delivery.next({}).step, Step::done);
  delivery.extend(0);
  EXPECT_EQ(delivery.next({}).step, Step::done);
}

TEST(Delivery, FailureIsTriedAgainAfterAWait) {
  const auto on_error = policy(Then::block, {4, 100ms, 10s});
  Plugin plugin(on_error, 10, {7});
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
  plugin.run();
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(10, {4, 7})));
  EXPECT_THAT(plugin.set_aside, ElementsAre(4, 7));
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 10}));
  EXPECT_EQ(plugin.deliveries[1], (Range{4, 5})) << "what was done is not delivered again, the named one comes alone";
  EXPECT_THAT(plugin.deliveries, testing::Contains(Range{4, 5}).Times(3)) << "as often as any other";
}

TEST(Delivery, ProgressStartsTheCountAnew) {
  const auto on_error = policy(Then::stop, three_tries, false);
  Plugin plugin(on_error, 10, {2});
  plugin.names_the_record = true;
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
    delivery.extend(5);
    ASSERT_EQ(delivery.next({}).step, Step::deliver);
    delivery.begun();
    delivery.failed({.accepted = claim});
    EXPECT_EQ(delivery.finished(), 4u) << "it failed, so something is not done";
    const auto order = delivery.next({});
    EXPECT_EQ(order.step, Step::set_aside);
    EXPECT_EQ(order.first, 4u);
    EXPECT_EQ(order.last, 5u);
  }
}

// ---- bisection

TEST(Delivery, OneBadRecordAmongTenThousandIsFoundInFewDeliveries) {
  constexpr std::uint32_t count = 10'000;
  const auto on_error = policy(Then::dead_letter);
  for (std::uint32_t bad = 0; bad < count; bad += bad < 20 || bad > count - 20 ? 1 : 97) {
    Plugin plugin(on_error, count, {bad});
    plugin.run();
    ASSERT_THAT(plugin.set_aside, ElementsAre(bad));
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
      plugin.run();
      ASSERT_THAT(plugin.set_aside, ElementsAre(a, b));
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
    plugin.run();
    EXPECT_THAT(plugin.set_aside, ElementsAreArray(std::vector<std::uint32_t>(bad.begin(), bad.end())));
    EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(count, bad)));
    EXPECT_LE(
        static_cast<double>(plugin.deliveries.size()),
        static_cast<double>(k) * (std::log2(count) + 2 + three_tries.max_attempts) + three_tries.max_attempts + 1);
  }
}

TEST(Delivery, AllBadIsAllSetAside) {
  const auto on_error = policy(Then::skip);
  std::set<std::uint32_t> bad;
  for (std::uint32_t i = 0; i < 50; ++i) bad.insert(i);
  Plugin plugin(on_error, 50, bad);
  plugin.run();
  EXPECT_THAT(plugin.set_aside, SizeIs(50));
  EXPECT_THAT(plugin.accepted, IsEmpty());
}

TEST(Delivery, FailuresAreCountedRecordByRecord) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 4, {1});
  plugin.run();
  // Three times all, then the front half, then it alone three times.
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 4}, Range{0, 4}, Range{0, 4}, Range{0, 2}, Range{0, 1},
                                             Range{1, 2}, Range{1, 2}, Range{1, 2}, Range{2, 4}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1, 2, 3, 4, 5, 5, 6, 7, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(7));
}

TEST(Delivery, WithoutBisectTheWholeRangeIsSetAside) {
  const auto on_error = policy(Then::dead_letter, three_tries, false);
  Plugin plugin(on_error, 5, {3});
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.deliveries, SizeIs(3));
  EXPECT_THAT(plugin.set_aside, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(3, 3, 3, 3, 3));

  Plugin naming(on_error, 5, {3});
  naming.names_the_record = true;
  naming.run();
  EXPECT_THAT(naming.set_aside, ElementsAre(3, 4)) << "all but what was done";
}

// ---- then

TEST(Delivery, BlockWaitsAtMaxBackoffUntilTheRecordPasses) {
  const auto on_error = policy(Then::block);
  Plugin plugin(on_error, 8, {3});
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
  EXPECT_THAT(plugin.set_aside, IsEmpty());
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(8, {})));
}

TEST(Delivery, ACulpritThatBlocksIsTriedAgainWhenItsVerdictSaysSo) {
  const auto on_error = policy(Then::block);
  for (const bool named : {false, true}) {
    Delivery delivery(on_error, 1);
    delivery.extend(1);
    ASSERT_EQ(delivery.next({}).step, Step::deliver);
    delivery.begun();
    Delivery::Failure failure{.permanent = true, .retry_after = 3s};
    if (named) failure.culprit = 0;
    delivery.failed(failure);
    const auto order = delivery.next({});
    EXPECT_EQ(order.step, Step::wait);
    EXPECT_TRUE(order.blocked);
    EXPECT_EQ(order.wait, 3s) << named;
  }
}

TEST(Delivery, RecordAfterABlockedOneBlocksAsWell) {
  const auto on_error = policy(Then::block, {1, 1ms, 5s});
  Plugin plugin(on_error, 8, {3, 5});
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
  plugin.run();
  EXPECT_TRUE(plugin.stopped);
  EXPECT_EQ(plugin.delivery.finished(), 40u);
  EXPECT_EQ(plugin.delivery.next({}).step, Step::stop);
  EXPECT_EQ(plugin.accepted.back(), 39u);
}

// ---- max_record_age

TEST(Delivery, OldRecordsAreSetAsideUntried) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10);
  plugin.too_old = [](std::uint32_t i) { return i == 0 || i == 4 || i == 5 || i == 9; };
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{1, 4}, Range{6, 9}));
  EXPECT_THAT(plugin.set_aside, ElementsAre(0, 4, 5, 9));
  EXPECT_THAT(plugin.failures, ElementsAre(0, 0, 0, 0));
  EXPECT_TRUE(plugin.aged);
}

TEST(Delivery, BadRecordsAreFoundBetweenOldOnes) {
  const auto on_error = policy(Then::skip);
  Plugin plugin(on_error, 40, {13, 21});
  plugin.too_old = [](std::uint32_t i) { return i < 10 || i == 20; };
  plugin.run();
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 10; ++i) expected.push_back(i);
  expected.insert(expected.end(), {13, 20, 21});
  EXPECT_THAT(plugin.set_aside, ElementsAreArray(expected));
  EXPECT_FALSE(plugin.aged) << "the last one was tried";
}

TEST(Delivery, OldRecordStopsWhereThenIsStop) {
  const auto on_error = policy(Then::stop);
  Plugin plugin(on_error, 10);
  plugin.too_old = [](std::uint32_t i) { return i == 4; };
  plugin.run();
  EXPECT_TRUE(plugin.stopped);
  EXPECT_EQ(plugin.delivery.finished(), 4u);
}

// ---- what an earlier process did not live to finish

TEST(Delivery, CountGoesOnWhereTheEarlierProcessEnded) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {6}, Delivery::Suspect{.first = 0, .last = 10, .failures = 2});
  plugin.run();
  EXPECT_THAT(plugin.set_aside, ElementsAre(6));
  EXPECT_THAT(plugin.deliveries, testing::Not(testing::Contains(Range{0, 10}).Times(2)));
  EXPECT_EQ(plugin.attempts[0], 3u);
}

TEST(Delivery, SuspectsInsideABatchAreTriedByThemselves) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {}, Delivery::Suspect{.first = 5, .last = 9, .failures = 1});
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 5}, Range{5, 9}, Range{9, 20}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1, 2, 1)) << "only the suspects were tried before";
}

TEST(Delivery, SuspectsAtTheFrontAreTriedByThemselves) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {}, Delivery::Suspect{.first = 0, .last = 9, .failures = 2});
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 9}, Range{9, 20}));
}

TEST(Delivery, ManySuspectsTriedTooOftenAreHalvedAtOnce) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {3}, Delivery::Suspect{.first = 0, .last = 16, .failures = 4});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 8}));
  EXPECT_THAT(plugin.set_aside, ElementsAre(3));
  EXPECT_THAT(plugin.accepted, ElementsAreArray(all_but(20, {3})));
}

TEST(Delivery, SearchGoesOnWhereTheEarlierProcessEnded) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 20, {3}, Delivery::Suspect{.first = 0, .last = 16, .failures = 1, .searching = true});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 8})) << "in a search one try of many is enough";
  EXPECT_THAT(plugin.set_aside, ElementsAre(3));
}

TEST(Delivery, CurrentTellsWhatTheNextProcessMustKnow) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.extend(2);
  std::vector<std::pair<std::uint32_t, bool>> told;
  for (auto order = delivery.next({}); order.step != Step::set_aside; order = delivery.next({})) {
    if (order.step == Step::wait) {
      delivery.waited();
      continue;
    }
    delivery.begun();
    told.emplace_back(delivery.current().failures, delivery.current().searching);
    delivery.failed({});
  }
  EXPECT_THAT(told, ElementsAre(std::pair(0u, false), std::pair(1u, false), std::pair(2u, false), std::pair(0u, true),
                                std::pair(1u, true), std::pair(2u, true)));
}

std::vector<std::string> known(const Delivery& delivery, bool current_is_told) {
  std::vector<Delivery::Suspect> suspects;
  delivery.known(suspects, current_is_told);
  std::vector<std::string> all;
  for (const Delivery::Suspect& one : suspects) {
    all.push_back(std::to_string(one.first) + ".." + std::to_string(one.last) + ": " + std::to_string(one.failures) +
                  (one.searching ? " searching" : ""));
  }
  return all;
}

TEST(Delivery, ANamedCulpritsTriesAreToldUntilItsTurnComes) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.extend(3);
  begin(delivery);
  delivery.failed({.culprit = 1});
  EXPECT_THAT(known(delivery, false), ElementsAre("1..2: 1")) << "in the pause";
  delivery.waited();
  ASSERT_EQ(delivery.next({}).last, 1u);
  delivery.begun();
  EXPECT_THAT(known(delivery, true), ElementsAre("1..2: 1")) << "while those in front of it are tried";
  delivery.succeeded();
  ASSERT_EQ(delivery.next({}).last, 2u);
  delivery.begun();
  EXPECT_EQ(delivery.current().failures, 1u);
  delivery.failed({.culprit = 0});
  EXPECT_THAT(known(delivery, false), ElementsAre("1..2: 2")) << "in the pause before it comes alone again";
  delivery.drop(1);
  EXPECT_THAT(known(delivery, false), ElementsAre("0..1: 2"));

  Plugin next(on_error, 2, {0}, Delivery::Suspect{.first = 0, .last = 1, .failures = 2});
  next.run();
  EXPECT_THAT(next.deliveries, ElementsAre(Range{0, 1}, Range{1, 2})) << "one try was left";
}

TEST(Delivery, ACulpritNamedInASearchIsToldBetweenWhatIsSearched) {
  const auto on_error = policy(Then::dead_letter, {1, 1ms, 1ms});
  Delivery delivery(on_error, 1);
  delivery.extend(8);
  begin(delivery);
  delivery.failed({});
  ASSERT_EQ(delivery.next({}).last, 4u);
  delivery.begun();
  delivery.failed({.culprit = 2});
  EXPECT_THAT(known(delivery, false), ElementsAre("0..2: 0 searching", "2..3: 1 searching", "3..8: 0 searching"));
}

TEST(Delivery, TriesAreToldWhileACallIsAboutRecordsInFrontAlone) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  accept(delivery, 2);
  delivery.extend(3);
  begin(delivery);
  EXPECT_THAT(known(delivery, true), IsEmpty()) << "current() tells them";
  delivery.failed({});
  EXPECT_EQ(delivery.current().last, 2u) << "a tick is about what the instance holds";
  EXPECT_THAT(known(delivery, true), ElementsAre("2..5: 1"));
}

TEST(Delivery, RecordThatEndsTheHostIsFoundAndIsNotSetAsideForIt) {
  constexpr std::uint32_t count = 1000, bad = 617;
  const auto on_error = policy(Then::dead_letter);
  std::vector<Delivery::Suspect> journal;
  std::uint32_t finished = 0;
  for (int restarts = 0; finished < bad; ++restarts) {
    ASSERT_LT(restarts, 2 * 10 + 2 * 3) << "restarts of the whole daemon are dear";
    Delivery delivery(on_error, 1);
    const std::uint32_t base = finished;
    delivery.extend(count - base);
    for (Delivery::Suspect suspect : journal) {
      if (suspect.last <= base) continue;
      suspect.part |= suspect.first < base;
      suspect.first = suspect.first > base ? suspect.first - base : 0;
      suspect.last -= base;
      delivery.suspect(suspect);
    }
    for (bool alive = true; alive;) {
      const auto order = delivery.next({});
      ASSERT_EQ(order.step, Step::deliver);
      delivery.begun();
      journal.clear();
      Delivery::Suspect current = delivery.current();
      ++current.interruptions;
      journal.push_back(current);
      delivery.known(journal, true);
      for (Delivery::Suspect& suspect : journal) suspect.first += base, suspect.last += base;
      alive = base + order.first > bad || bad >= base + order.last;
      if (alive) delivery.succeeded();
    }
    finished = base + delivery.finished();
  }
  EXPECT_EQ(finished, bad);
}

TEST(Delivery, LoneSuspectThatWasOnlyInterruptedIsTriedAgain) {
  // The process may have ended for another reason, or just after the record was accepted.
  for (const std::uint32_t tries : {1u, 2u, 3u}) {
    const auto on_error = policy(Then::dead_letter);
    Plugin plugin(on_error, 3, {}, Delivery::Suspect{.first = 1, .last = 2, .interruptions = tries, .searching = true});
    plugin.run();
    EXPECT_THAT(plugin.set_aside, IsEmpty()) << tries;
  }
}

TEST(Delivery, LoneSuspectTriedTooOftenIsSetAsideUntried) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 3, {}, Delivery::Suspect{.first = 1, .last = 2, .failures = 4});
  plugin.run();
  EXPECT_THAT(plugin.set_aside, ElementsAre(1));
  EXPECT_THAT(plugin.failures, ElementsAre(4));
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 1}, Range{2, 3}));
}

TEST(Delivery, PartOfWhatWasTriedIsSearchedAndTheRecordHasTriesOfItsOwn) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 9, {4}, Delivery::Suspect{.first = 0, .last = 8, .failures = 3, .part = true});
  plugin.run();
  EXPECT_EQ(plugin.deliveries[0], (Range{0, 4}));
  EXPECT_THAT(plugin.deliveries, testing::Contains(Range{4, 5}).Times(3));

  Plugin lone(on_error, 2, {0}, Delivery::Suspect{.first = 0, .last = 1, .failures = 3, .part = true});
  lone.run();
  EXPECT_THAT(lone.deliveries, ElementsAre(Range{0, 1}, Range{0, 1}, Range{0, 1}, Range{1, 2}));
  EXPECT_THAT(lone.failures, ElementsAre(6));
}

TEST(Delivery, StoppedHostThatIsStartedAgainTriesAgain) {
  // Somebody may have mended the plugin meanwhile.
  for (const std::uint32_t tries : {3u, 4u, 50u}) {
    const auto on_error = policy(Then::stop);
    Plugin plugin(on_error, 3, {}, Delivery::Suspect{.first = 1, .last = 2, .failures = tries});
    plugin.run();
    EXPECT_TRUE(plugin.done) << tries;
    Plugin still_bad(on_error, 3, {1}, Delivery::Suspect{.first = 1, .last = 2, .failures = tries});
    still_bad.run();
    EXPECT_TRUE(still_bad.stopped);
    EXPECT_THAT(still_bad.deliveries, ElementsAre(Range{0, 1}, Range{1, 2}));
  }
}

TEST(Delivery, BlockedHostThatIsStartedAgainTriesAtOnce) {
  const auto on_error = policy(Then::block);
  Plugin plugin(on_error, 3, {}, Delivery::Suspect{.first = 1, .last = 2, .failures = 9});
  plugin.run();
  EXPECT_TRUE(plugin.done);
  EXPECT_THAT(plugin.waits, IsEmpty());
}

TEST(Delivery, OldSuspectsAreSetAsideAndTheOthersKeepTheirCount) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {}, Delivery::Suspect{.first = 2, .last = 8, .failures = 2});
  plugin.too_old = [](std::uint32_t i) { return i < 5; };
  plugin.run();
  EXPECT_THAT(plugin.set_aside, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(plugin.failures, ElementsAre(0, 0, 2, 2, 2));
  EXPECT_THAT(plugin.attempts, ElementsAre(3, 1));
  EXPECT_THAT(plugin.accepted, ElementsAre(5, 6, 7, 8, 9));
}

TEST(Delivery, NextBatchKnowsNothingOfTheOneBefore) {
  const auto on_error = policy(Then::dead_letter);
  Plugin plugin(on_error, 10, {5}, Delivery::Suspect{.first = 0, .last = 4, .failures = 2});
  plugin.run();
  plugin.delivery.drop(10);
  plugin.bad.clear();
  plugin.deliveries.clear();
  plugin.attempts.clear();
  plugin.delivery.extend(10);
  plugin.run();
  EXPECT_THAT(plugin.deliveries, ElementsAre(Range{0, 10}));
  EXPECT_THAT(plugin.attempts, ElementsAre(1));
}

// ---- an instance that holds records

TEST(Delivery, DeathLosesAllThatWasHeldAndAllOfItIsToBlame) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  accept(delivery, 4);
  EXPECT_EQ(delivery.finished(), 0u) << "it holds them, and has checkpointed none";
  EXPECT_EQ(delivery.accepted(), 4u);
  delivery.extend(2);
  auto order = delivery.next({});
  EXPECT_EQ(order.first, 4u);
  delivery.begun();
  delivery.instance_lost(true, false);
  EXPECT_EQ(delivery.next({}).step, Step::wait);
  delivery.waited();
  order = delivery.next({});
  EXPECT_EQ(order.step, Step::deliver);
  EXPECT_EQ(order.first, 0u);
  EXPECT_EQ(order.last, 6u);
}

TEST(Delivery, ADeathAtARejectedRecordIsAlsoOneOfWhatIsHeldBehindIt) {
  const auto on_error = policy(Then::block);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  delivery.extend(4);
  begin(delivery);
  EXPECT_TRUE(delivery.reject(1));
  delivery.succeeded();
  ASSERT_TRUE(delivery.next({}).blocked);
  delivery.waited();
  ASSERT_EQ(delivery.next({}).last, 2u);
  delivery.begun();
  delivery.instance_lost(true, false);
  EXPECT_EQ(delivery.failures_of(3), 1u);
  auto order = delivery.next({});
  EXPECT_EQ(order.step, Step::wait);
  EXPECT_FALSE(order.blocked) << "all of them have tries left";
  delivery.waited();
  order = delivery.next({});
  EXPECT_EQ(order.first, 0u);
  EXPECT_EQ(order.last, 4u);
}

TEST(Delivery, WhatFailsInFrontOfARecordThatBlocksDoesNotBlock) {
  const auto on_error = policy(Then::block, {2, 1ms, 5s}, false);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  accept(delivery, 1);
  delivery.extend(1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(delivery.next({}).step, Step::deliver);
    delivery.begun();
    delivery.failed({});
    delivery.waited();
  }
  ASSERT_TRUE(delivery.blocked());
  delivery.instance_lost(false, true);
  ASSERT_EQ(delivery.next({}).last, 1u);
  delivery.begun();
  delivery.failed({});
  EXPECT_FALSE(delivery.next({}).blocked);
}

TEST(Delivery, PartThatPassesIsFlushedWhileACulpritIsLookedFor) {
  const auto on_error = policy(Then::dead_letter, {1, 1ms, 1ms});
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  delivery.extend(4);
  begin(delivery);
  delivery.instance_lost(true, false);
  auto order = delivery.next({});
  ASSERT_EQ(order.step, Step::deliver);
  EXPECT_EQ(order.last, 2u);
  delivery.begun();
  delivery.succeeded();
  EXPECT_EQ(delivery.next({}).step, Step::flush);
  delivery.flushed();
  order = delivery.next({});
  ASSERT_EQ(order.step, Step::deliver);
  EXPECT_EQ(order.first, 2u);
  EXPECT_EQ(order.last, 3u);
  delivery.begun();
  delivery.instance_lost(true, false);
  order = delivery.next({});
  EXPECT_EQ(order.step, Step::set_aside) << "what was flushed in front of it is free of blame";
  EXPECT_EQ(order.first, 2u);
  EXPECT_EQ(order.last, 3u);
}

TEST(Delivery, OrderlyEndSaysNothingOfWhatWasHeld) {
  const auto on_error = policy(Then::dead_letter, {1, 1ms, 1ms});
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  accept(delivery, 4);
  delivery.instance_lost(false, true);
  delivery.extend(1);
  const auto order = delivery.next({});
  EXPECT_EQ(order.step, Step::deliver);
  EXPECT_EQ(order.first, 0u) << "the next instance gets them again";
  EXPECT_EQ(order.attempt, 1u);
}

TEST(Delivery, CheckpointFinishesWhatIsHeld) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  delivery.extend(4);
  begin(delivery);
  delivery.checkpointed(3);
  delivery.succeeded();
  EXPECT_EQ(delivery.finished(), 3u);
  EXPECT_EQ(delivery.next({}).step, Step::done);
  delivery.drop(3);
  EXPECT_EQ(delivery.count(), 1u);
  EXPECT_EQ(delivery.accepted(), 1u);
}

TEST(Delivery, TheNextInstanceDoesNotHaveWhatOneThatReturnsHasRejected) {
  const config::OnError block = policy(Then::block);
  Delivery delivery(block, 1);
  delivery.extend(4);
  begin(delivery);
  EXPECT_TRUE(delivery.reject(1));
  EXPECT_TRUE(delivery.reject(2));
  delivery.succeeded();
  EXPECT_EQ(delivery.finished(), 1u);
  delivery.instance_lost(false, true);
  delivery.set_holds(true);
  EXPECT_EQ(delivery.accepted(), 1u);
}

TEST(Delivery, ARejectionAndADeathBehindItAreOneFailure) {
  const config::OnError stop = policy(Then::stop);
  Delivery delivery(stop, 1);
  delivery.set_holds(true);
  accept(delivery, 1);
  EXPECT_TRUE(delivery.reject(0));
  EXPECT_EQ(delivery.next({}).step, Step::stop);
  delivery.instance_lost(false, false);
  EXPECT_EQ(delivery.next({}).step, Step::stop);
  EXPECT_EQ(delivery.failures_of(0), 1u);
}

TEST(Delivery, ARejectionAndAFailureOfItsCallAreOneFailure) {
  const config::OnError block = policy(Then::block);
  Delivery delivery(block, 1);
  delivery.extend(3);
  begin(delivery);
  EXPECT_TRUE(delivery.reject(1));
  delivery.failed({});
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(delivery.failures_of(i), 1u) << i;
}

TEST(Delivery, WhatTheInstanceHasIsNotRepeatedBehindWhatItHasFinished) {
  const config::OnError block = policy(Then::block);
  Delivery delivery(block, 1);
  delivery.set_holds(true);
  delivery.extend(2);
  begin(delivery);
  EXPECT_TRUE(delivery.reject(0));
  delivery.succeeded();
  EXPECT_EQ(delivery.next({}).step, Step::wait);
  delivery.waited();
  begin(delivery);
  EXPECT_EQ(delivery.call_last(), 1u) << "the rejected one, again";
  delivery.checkpointed(1);
  EXPECT_FALSE(delivery.repeat(0));
  EXPECT_EQ(delivery.next({}).step, Step::done);
}

TEST(Delivery, ARangeThatHasFailedIsCutOnlyWhereThereCantBeRoomForIt) {
  const auto on_error = policy(Then::dead_letter);
  Delivery delivery(on_error, 1);
  delivery.set_holds(true);
  accept(delivery, 1);
  delivery.extend(8);
  EXPECT_EQ(delivery.next({}, 6).last, 7u) << "nobody has tried them";
  delivery.begun();
  delivery.failed({});
  delivery.waited();
  EXPECT_EQ(delivery.next({}, 3).step, Step::make_room);
  EXPECT_EQ(delivery.next({}, 0).step, Step::make_room);
  delivery.checkpointed(1);
  EXPECT_EQ(delivery.next({}, 6).last, 7u);
  EXPECT_EQ(known(delivery, false), std::vector<std::string>{"1..7: 1"});
  EXPECT_EQ(delivery.next({}, 3).last, 4u) << "another instance may take fewer";
}

}  // namespace
}  // namespace kclhost::host
