// kclhost/testing.hpp: a plugin that breaks a rule of kclhost/plugin.h is told so by the call in which it does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "scripted.hpp"

namespace {

using kclhost::testing::Batch;
using kclhost::testing::BrokenRule;
using kclhost::testing::Host;
using kclhost::testing::Instance;
using testing::ElementsAre;
using testing::HasSubstr;

// A plugin on the C interface, where most rules can be broken: its calls do what the test says.
class Raw {
 public:
  struct Call {
    const kclhost_batch& batch;
    kclhost_checkpointer* checkpointer;
    kclhost_error* error;
  };
  using Script = std::function<kclhost_status(const Call&)>;

  static kclhost_plugin table(std::uint32_t flags) {
    kclhost_plugin table = kclhost::detail::make_table<scripted::Returning>("test.raw", "1");
    table.flags = flags;
    table.tick = nullptr;
    table.create = [](const kclhost_host* to, kclhost_string, void** self, kclhost_error*) {
      host = to;
      *self = &host;
      return kclhost_status{KCLHOST_OK};
    };
    table.destroy = [](void*) {};
    table.initialize = [](void*, const kclhost_initialization*, kclhost_error*) { return kclhost_status{KCLHOST_OK}; };
    table.process_records = [](void*, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                               kclhost_error* error) {
      return script({*batch, checkpointer, error});
    };
    table.shard_ended = table.shutdown_requested =
        table.flush = [](void*, kclhost_checkpointer*, kclhost_error*) { return kclhost_status{KCLHOST_OK}; };
    table.lease_lost = nullptr;
    return table;
  }

  static inline const kclhost_host* host = nullptr;
  static inline Script script;
};

constexpr std::uint32_t returns = 0;

class TestingRules : public testing::Test {
 protected:
  ~TestingRules() override { Raw::script = nullptr; }

  // What a plugin with these flags breaks that does this with two records, 1 and 2; "nothing" if it breaks nothing.
  static std::string broken_by(std::uint32_t flags, const std::function<void(const Raw::Call&)>& deed) {
    const kclhost_plugin table = Raw::table(flags);
    Host host;
    Instance instance = host.create(table);
    return broken_by(instance, deed, Batch().record("a").sequence(1).record("b").sequence(2));
  }
  static std::string broken_by(Instance& instance, const std::function<void(const Raw::Call&)>& deed,
                               const Batch& batch) {
    Raw::script = [&](const Raw::Call& call) {
      deed(call);
      return kclhost_status{KCLHOST_OK};
    };
    try {
      instance.process_records(batch);
    } catch (const BrokenRule& broken) {
      return broken.what();
    }
    return "nothing";
  }
  // The same of a call that fails like this.
  static std::string broken_by_failure(const std::function<void(kclhost_error&)>& fill) {
    const kclhost_plugin table = Raw::table(returns);
    Host host;
    Instance instance = host.create(table);
    Raw::script = [&](const Raw::Call& call) {
      std::strcpy(call.error->message, "failed");
      fill(*call.error);
      return kclhost_status{KCLHOST_FAILED};
    };
    try {
      instance.process_records({"a", "b"});
    } catch (const BrokenRule& broken) {
      return broken.what();
    }
    return "nothing";
  }

  static kclhost_status checkpoint(kclhost_checkpointer* checkpointer, const char* number) {
    const kclhost_string text{number, std::strlen(number)};
    return Raw::host->checkpoint(checkpointer, &text, -1, nullptr);
  }
  static kclhost_status reject(std::uint64_t id) {
    return Raw::host->reject(Raw::host->context, id, KCLHOST_STRING("bad"));
  }
  static void acknowledge(std::uint64_t id, std::uint64_t count = 1) {
    Raw::host->acknowledge(Raw::host->context, id, count);
  }
};

TEST_F(TestingRules, ACheckpointIsOfARecordThatWasGiven) {
  const auto broken_at = [](const char* number) {
    return broken_by(KCLHOST_PLUGIN_CHECKPOINTS, [&](const Raw::Call& call) {
      EXPECT_EQ(checkpoint(call.checkpointer, number), KCLHOST_ILLEGAL_ARGUMENT);
    });
  };
  EXPECT_EQ(broken_at("3"), "a checkpoint at 3/0, and the last record that the instance has is 2/0");
  EXPECT_THAT(broken_at("LATEST"), HasSubstr("\"LATEST\", which is no number"));
  EXPECT_THAT(broken_at(""), HasSubstr("no number"));
  EXPECT_EQ(broken_by(KCLHOST_PLUGIN_CHECKPOINTS,
                      [](const Raw::Call& call) {
                        EXPECT_EQ(Raw::host->checkpoint(call.checkpointer, nullptr, -1, nullptr),
                                  KCLHOST_ILLEGAL_ARGUMENT);
                      }),
            "a checkpoint without a sequence number");
  EXPECT_EQ(broken_by(KCLHOST_PLUGIN_CHECKPOINTS,
                      [](const Raw::Call& call) { EXPECT_EQ(checkpoint(call.checkpointer, "2"), KCLHOST_OK); }),
            "nothing");
}

TEST_F(TestingRules, NoCheckpointLiesBeforeTheLastOne) {
  EXPECT_EQ(broken_by(KCLHOST_PLUGIN_CHECKPOINTS,
                      [](const Raw::Call& call) {
                        EXPECT_EQ(checkpoint(call.checkpointer, "2"), KCLHOST_OK);
                        EXPECT_EQ(checkpoint(call.checkpointer, "2"), KCLHOST_OK);
                        EXPECT_EQ(checkpoint(call.checkpointer, "1"), KCLHOST_ILLEGAL_ARGUMENT);
                      }),
            "a checkpoint at 1/0, and the last checkpoint was at 2/0");
}

TEST_F(TestingRules, OnlyAPluginThatSaysSoCheckpoints) {
  for (const std::uint32_t flags : {returns, KCLHOST_PLUGIN_ACKNOWLEDGES}) {
    EXPECT_THAT(broken_by(flags,
                          [](const Raw::Call& call) {
                            EXPECT_EQ(Raw::host->checkpoint_all(call.checkpointer, nullptr), KCLHOST_INVALID_STATE);
                          }),
                HasSubstr("leaves checkpoints to the host"));
  }
}

TEST_F(TestingRules, ACheckpointerEndsWithItsCall) {
  const kclhost_plugin table = Raw::table(KCLHOST_PLUGIN_CHECKPOINTS);
  Host host;
  Instance instance = host.create(table);
  kclhost_checkpointer* kept = nullptr;
  EXPECT_EQ(broken_by(instance, [&](const Raw::Call& call) { kept = call.checkpointer; }, {"a"}), "nothing");
  EXPECT_THAT(
      broken_by(instance,
                [&](const Raw::Call&) { EXPECT_EQ(Raw::host->checkpoint_all(kept, nullptr), KCLHOST_INVALID_STATE); },
                {"b"}),
      HasSubstr("after the call that brought the checkpointer"));
}

TEST_F(TestingRules, ACheckpointerIsForItsCallsThread) {
  EXPECT_THAT(broken_by(KCLHOST_PLUGIN_CHECKPOINTS,
                        [](const Raw::Call& call) {
                          std::thread([&] { Raw::host->checkpoint_all(call.checkpointer, nullptr); }).join();
                        }),
              HasSubstr("on another thread"));
}

TEST_F(TestingRules, OnlyAPluginThatSaysSoAcknowledges) {
  for (const std::uint32_t flags : {returns, KCLHOST_PLUGIN_CHECKPOINTS}) {
    EXPECT_THAT(broken_by(flags, [](const Raw::Call&) { acknowledge(0); }), HasSubstr("does not say it would"));
  }
}

TEST_F(TestingRules, WhatIsAcknowledgedWasGiven) {
  const auto broken_by_acknowledging = [](std::uint64_t id, std::uint64_t count) {
    return broken_by(KCLHOST_PLUGIN_ACKNOWLEDGES, [&](const Raw::Call&) { acknowledge(id, count); });
  };
  EXPECT_EQ(broken_by_acknowledging(0, 2), "nothing");
  EXPECT_THAT(broken_by_acknowledging(1, 2), HasSubstr("record 2 is acknowledged, and"));
  EXPECT_THAT(broken_by_acknowledging(7, 1), HasSubstr("record 7 is acknowledged, and"));
  EXPECT_THAT(broken_by_acknowledging(0, ~std::uint64_t{0}), HasSubstr("record 2 is acknowledged, and"));
  EXPECT_THAT(broken_by_acknowledging(~std::uint64_t{0}, 5), HasSubstr("is acknowledged, and"));
}

TEST_F(TestingRules, WhatIsRejectedIsOfTheCallUnderWay) {
  const auto rejects = [](std::uint64_t id, kclhost_status wanted) {
    return [=](const Raw::Call&) { EXPECT_EQ(reject(id), wanted); };
  };
  EXPECT_EQ(broken_by(returns, rejects(1, KCLHOST_OK)), "nothing");
  EXPECT_THAT(broken_by(returns, rejects(2, KCLHOST_ILLEGAL_ARGUMENT)), HasSubstr("was never given it"));
  EXPECT_THAT(broken_by(returns,
                        [](const Raw::Call&) {
                          EXPECT_EQ(reject(0), KCLHOST_OK);
                          EXPECT_EQ(reject(0), KCLHOST_ILLEGAL_ARGUMENT);
                        }),
              HasSubstr("it is done"));

  const kclhost_plugin table = Raw::table(returns);
  Host host;
  Instance instance = host.create(table);
  EXPECT_EQ(broken_by(instance, [](const Raw::Call&) {}, {"a"}), "nothing");
  EXPECT_THAT(broken_by(instance, rejects(0, KCLHOST_ILLEGAL_ARGUMENT), {"b"}), HasSubstr("of an earlier call"));
  EXPECT_EQ(reject(1), KCLHOST_ILLEGAL_ARGUMENT);
  EXPECT_THAT(broken_by(instance, [](const Raw::Call&) {}, {"c"}), HasSubstr("no process_records is under way"));
}

TEST_F(TestingRules, AnIdIsGoneWhenItsRecordComesAgain) {
  const kclhost_plugin table = Raw::table(KCLHOST_PLUGIN_ACKNOWLEDGES);
  Host host;
  Instance instance = host.create(table);
  Raw::script = [](const Raw::Call& call) {
    std::strcpy(call.error->message, "failed");
    return kclhost_status{KCLHOST_FAILED};
  };
  EXPECT_FALSE(instance.process_records({"a"}));
  EXPECT_THAT(broken_by(
                  instance,
                  [](const Raw::Call&) {
                    acknowledge(0);  // which is late, and no mistake
                    EXPECT_EQ(reject(0), KCLHOST_ILLEGAL_ARGUMENT);
                  },
                  host.unfinished()),
              HasSubstr("has another id by now"));
  EXPECT_THAT(host.unfinished().data(), ElementsAre("a"));
}

TEST_F(TestingRules, TicksAreAskedForInCallsByAPluginThatHasThem) {
  EXPECT_THAT(broken_by(returns, [](const Raw::Call&) { Raw::host->set_tick_interval(Raw::host->context, 5); }),
              HasSubstr("the plugin has no tick"));
  EXPECT_THAT(broken_by(returns,
                        [](const Raw::Call&) {
                          std::thread([] { Raw::host->set_tick_interval(Raw::host->context, 5); }).join();
                        }),
              HasSubstr("on another thread"));
}

TEST_F(TestingRules, AMetricTakesNumbersThatItCanAdd) {
  const auto broken_by_recording = [](std::int32_t kind, double value) {
    return broken_by(returns, [&](const Raw::Call&) {
      kclhost_metric_spec spec{};
      spec.struct_size = sizeof spec;
      spec.kind = kind;
      spec.name = KCLHOST_STRING("rows");
      kclhost_metric* metric = nullptr;
      ASSERT_EQ(Raw::host->register_metric(Raw::host->context, &spec, &metric, nullptr), KCLHOST_OK);
      Raw::host->record_metric(metric, value);
    });
  };
  EXPECT_EQ(broken_by_recording(KCLHOST_METRIC_GAUGE, -1), "nothing");
  EXPECT_THAT(broken_by_recording(KCLHOST_METRIC_COUNTER, -1), HasSubstr("a counter never goes down"));
  EXPECT_THAT(broken_by_recording(KCLHOST_METRIC_GAUGE, std::numeric_limits<double>::quiet_NaN()),
              HasSubstr("no finite number"));
}

TEST_F(TestingRules, AMetricIsWhatKclhostTakes) {
  const auto answer_to = [](const std::function<void(kclhost_metric_spec&)>& change) {
    std::string answer;
    EXPECT_EQ(broken_by(returns,
                        [&](const Raw::Call&) {
                          kclhost_metric_spec spec{};
                          spec.struct_size = sizeof spec;
                          spec.name = KCLHOST_STRING("rows");
                          change(spec);
                          kclhost_metric* metric = nullptr;
                          kclhost_error error = kclhost::detail::no_error();
                          Raw::host->register_metric(Raw::host->context, &spec, &metric, &error);
                          answer = error.message;
                        }),
              "nothing");
    return answer;
  };
  static const kclhost_label bytes{KCLHOST_STRING("table"), KCLHOST_STRING("\xff")};
  EXPECT_EQ(answer_to([](kclhost_metric_spec&) {}), "");
  EXPECT_THAT(answer_to([](kclhost_metric_spec& spec) { spec.struct_size = 0; }), HasSubstr("set struct_size"));
  EXPECT_THAT(answer_to([](kclhost_metric_spec& spec) { spec.help = KCLHOST_STRING("a\tb"); }), HasSubstr("one line"));
  EXPECT_THAT(answer_to([](kclhost_metric_spec& spec) { spec.help = KCLHOST_STRING("\xc3"); }), HasSubstr("one line"));
  EXPECT_THAT(answer_to([](kclhost_metric_spec& spec) {
                spec.labels = &bytes;
                spec.label_count = 1;
              }),
              HasSubstr("the value of table is no UTF-8 text"));
}

TEST_F(TestingRules, AMetricThatCouldNotBeMadeIsIgnored) {
  EXPECT_EQ(broken_by(returns,
                      [](const Raw::Call&) {
                        kclhost_metric_spec spec{};  // without its size
                        int something = 0;
                        auto* metric = reinterpret_cast<kclhost_metric*>(&something);
                        EXPECT_EQ(Raw::host->register_metric(Raw::host->context, &spec, &metric, nullptr),
                                  KCLHOST_ILLEGAL_ARGUMENT);
                        EXPECT_EQ(metric, nullptr);
                        Raw::host->record_metric(metric, 1);
                        EXPECT_EQ(Raw::host->register_metric(Raw::host->context, nullptr, &metric, nullptr),
                                  KCLHOST_ILLEGAL_ARGUMENT);
                        EXPECT_EQ(Raw::host->register_metric(Raw::host->context, &spec, nullptr, nullptr),
                                  KCLHOST_ILLEGAL_ARGUMENT);
                      }),
            "nothing");
}

TEST_F(TestingRules, AThreadOfADeadInstanceIsNotHeardAndDoesNotFail) {
  const kclhost_plugin table = Raw::table(KCLHOST_PLUGIN_ACKNOWLEDGES);
  Host host;
  Instance instance = host.create(table);
  Raw::script = [](const Raw::Call&) { return kclhost_status{KCLHOST_OK}; };
  EXPECT_TRUE(instance.process_records({"a"}));
  instance.die();
  kclhost_metric_spec spec{};
  spec.struct_size = sizeof spec;
  spec.name = KCLHOST_STRING("rows");
  kclhost_metric* metric = nullptr;
  EXPECT_EQ(reject(0), KCLHOST_OK);
  EXPECT_EQ(Raw::host->register_metric(Raw::host->context, &spec, &metric, nullptr), KCLHOST_OK);
  Raw::host->record_metric(metric, 1);
  EXPECT_TRUE(host.rejections().empty());
  EXPECT_EQ(host.unfinished().size(), 1u);
}

TEST_F(TestingRules, ALogLineHasALevelAndAText) {
  EXPECT_THAT(broken_by(returns, [](const Raw::Call&) { Raw::host->log(Raw::host->context, 9, KCLHOST_STRING("x")); }),
              HasSubstr("no log level 9"));
  EXPECT_THAT(broken_by(returns,
                        [](const Raw::Call&) {
                          Raw::host->log(Raw::host->context, 2, {nullptr, 3});
                        }),
              HasSubstr("a log line is NULL"));
}

TEST_F(TestingRules, AFailureSaysWhyAndMakesSense) {
  EXPECT_EQ(broken_by_failure([](kclhost_error&) {}), "nothing");
  EXPECT_THAT(broken_by_failure([](kclhost_error& error) { error.message[0] = '\0'; }), HasSubstr("does not say why"));
  EXPECT_THAT(broken_by_failure([](kclhost_error& error) { std::memset(error.message, 'x', sizeof error.message); }),
              HasSubstr("not NUL-terminated"));
  EXPECT_THAT(broken_by_failure([](kclhost_error& error) { error.first_unfinished = 2; }),
              HasSubstr("says that 2 of its 2 records are done"));
  const auto blame = [](std::uint64_t culprit) {
    return [culprit](kclhost_error& error) {
      error.flags = KCLHOST_FAILURE_CULPRIT;
      error.first_unfinished = 1;
      error.culprit = culprit;
    };
  };
  EXPECT_EQ(broken_by_failure(blame(1)), "nothing");
  EXPECT_THAT(broken_by_failure(blame(0)), HasSubstr("blames record 0, which it says is done"));
  EXPECT_THAT(broken_by_failure(blame(2)), HasSubstr("blames record 2 of 2"));
}

TEST_F(TestingRules, NothingIsUsedAfterDestroy) {
  const kclhost_plugin table = Raw::table(KCLHOST_PLUGIN_ACKNOWLEDGES);
  std::vector<std::string> told;
  Host host;
  host.on_broken_rule([&](const std::string& rule) { told.push_back(rule); });
  { Instance instance = host.create(table); }
  acknowledge(0);
  EXPECT_THAT(told, ElementsAre("acknowledge was called after destroy"));
  EXPECT_EQ(host.broken_rules(), told);
}

TEST_F(TestingRules, ABrokenRuleThatNobodyHeardOfEndsTheTest) {
  const auto test = [] {
    const kclhost_plugin table = Raw::table(KCLHOST_PLUGIN_ACKNOWLEDGES);
    Host host;
    { Instance instance = host.create(table); }
    acknowledge(0);
  };
  EXPECT_DEATH(test(), "kclhost::testing: acknowledge was called after destroy");
}

TEST_F(TestingRules, ATableIsWhatKclhostTakes) {
  const auto refused = [](auto change) {
    kclhost_plugin table = Raw::table(returns);
    change(table);
    Host host;
    try {
      static_cast<void>(host.create(table));
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused([](kclhost_plugin&) {}), "nothing");
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.abi_major = 2; }), HasSubstr("ABI major 2"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.struct_size = 8; }), HasSubstr("shorter"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.flags = 64; }), HasSubstr("flags"));
  EXPECT_THAT(
      refused([](kclhost_plugin& table) { table.flags = KCLHOST_PLUGIN_ACKNOWLEDGES | KCLHOST_PLUGIN_CHECKPOINTS; }),
      HasSubstr("both"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.shard_ended = nullptr; }), HasSubstr("no shard_ended"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.id = {}; }), HasSubstr("no id"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.id = KCLHOST_STRING("My Plugin"); }), HasSubstr("its id has"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.version = KCLHOST_STRING("1.0 beta"); }),
              HasSubstr("its version has"));
  EXPECT_THAT(refused([](kclhost_plugin& table) { table.description = KCLHOST_STRING("a\nb"); }),
              HasSubstr("not one line"));
}

}  // namespace
