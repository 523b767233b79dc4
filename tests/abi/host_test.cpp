// The rows of docs/abi.md about what the host makes of a plugin's structs and answers: an instance in this process,
// with a table whose functions the test writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fake_host.hpp"
#include "worker/control.hpp"
#include "worker/instance.hpp"

namespace {

using namespace kclhost::host;
using testing::HasSubstr;

class AbiVersions : public testing::Test {
 public:
  using Processed = std::function<kclhost_status(const kclhost_batch&, kclhost_checkpointer*, kclhost_error&)>;

 protected:
  static inline const kclhost_host* host = nullptr;
  static inline Processed process;

  void SetUp() override {
    table_.functions = make_table();
    control_ = *worker::ControlPage::make("{}", KCLHOST_LOG_INFO);
    auto [ours, theirs] = std::move(*worker::Channel::make_pair());
    listening_ = std::move(ours);
    link_.emplace(WorkerId{1}, worker::HostLink::Where::host, worker::Channel(std::move(theirs)), **control_);
  }
  void TearDown() override { process = nullptr; }

  Outcome create(bool shadow = false) {
    instance_.emplace(table_, worker::Place{"my.so", "orders", "clicks", 2, 3}, *link_, control_->acknowledgements(),
                      shadow);
    return instance_->perform({.call = Call::create, .shard_id = "shardId-1"}, "{}");
  }
  // Three records, of which the first has this number.
  Outcome processing(const Processed& what, RecordId first_id = 0) {
    process = what;
    const RecordEntry entry{};
    const std::vector<RecordEntry> entries(3, entry);
    const Batch batch{reinterpret_cast<const char*>(entries.data()), 0, 3, -1};
    return instance_->perform({.call = Call::process_records, .batch = batch, .first_id = first_id}, "{}");
  }
  // What the worker has sent by now.
  std::vector<worker::Kind> sent() {
    std::vector<worker::Kind> kinds;
    worker::Packet packet;
    while (listening_.receive(packet, worker::Channel::Wait::no) == worker::Channel::Received::packet) {
      kinds.push_back(packet.header.kind);
    }
    return kinds;
  }
  static kclhost_plugin make_table() {
    kclhost_plugin table{};
    table.struct_size = sizeof table;
    table.abi_major = KCLHOST_ABI_MAJOR;
    table.create = [](const kclhost_host* given, kclhost_string, void**, kclhost_error*) -> kclhost_status {
      host = given;
      return KCLHOST_OK;
    };
    table.destroy = [](void*) {};
    table.initialize = [](void*, const kclhost_initialization*, kclhost_error*) -> kclhost_status {
      return KCLHOST_OK;
    };
    table.process_records = [](void*, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                               kclhost_error* error) { return process(*batch, checkpointer, *error); };
    table.shard_ended = [](void*, kclhost_checkpointer*, kclhost_error*) -> kclhost_status { return KCLHOST_OK; };
    return table;
  }

  plugin::PluginTable table_;
  std::shared_ptr<worker::ControlPage> control_;
  worker::Channel listening_;
  std::optional<worker::HostLink> link_;
  std::optional<worker::Instance> instance_;
};

std::string string_of(kclhost_string text) {
  return {text.data, text.size};
}

TEST_F(AbiVersions, HostTableOfThisVersion) {
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(host->struct_size, sizeof(kclhost_host));
  EXPECT_EQ(host->abi_minor, KCLHOST_ABI_MINOR);
  EXPECT_EQ(string_of(host->plugin_path), "my.so");
  EXPECT_EQ(string_of(host->application), "orders");
  EXPECT_EQ(string_of(host->stream), "clicks");
  EXPECT_EQ(string_of(host->shard_id), "shardId-1");
  EXPECT_EQ(host->lane, 2u);
  EXPECT_EQ(host->lane_count, 3u);
  EXPECT_EQ(host->remaining_ms(host->context), -1);
}

TEST_F(AbiVersions, ReasonToFinish) {
  static std::vector<std::int32_t> reasons;
  reasons.clear();
  const auto finish = [](void*, kclhost_checkpointer*, kclhost_error*) -> kclhost_status {
    reasons.push_back(host->finish_reason(host->context));
    return KCLHOST_OK;
  };
  table_.functions.shard_ended = table_.functions.shutdown_requested = table_.functions.flush = finish;
  ASSERT_TRUE(create().ok());
  for (const Finish why : {Finish::swap, Finish::bisection, Finish::in_flight}) {
    instance_->perform({.call = Call::flush, .finish = why}, "{}");
  }
  instance_->perform({.call = Call::shutdown_requested, .finish = Finish::shutdown}, "{}");
  instance_->perform({.call = Call::shard_ended, .finish = Finish::shard_ended}, "{}");
  reasons.push_back(host->finish_reason(host->context));
  EXPECT_EQ(reasons,
            (std::vector<std::int32_t>{KCLHOST_FINISH_SWAP, KCLHOST_FINISH_BISECTION, KCLHOST_FINISH_IN_FLIGHT,
                                       KCLHOST_FINISH_SHUTDOWN, KCLHOST_FINISH_SHARD_ENDED, KCLHOST_FINISH_NO}));
}

TEST_F(AbiVersions, RecordsAreNumbered) {
  ASSERT_TRUE(create().ok());
  std::vector<std::uint64_t> ids;
  const auto outcome = processing(
      [&](const kclhost_batch& batch, kclhost_checkpointer*, kclhost_error&) {
        for (std::size_t i = 0; i < batch.record_count; ++i) ids.push_back(kclhost_batch_at(&batch, i)->id);
        return KCLHOST_OK;
      },
      41);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{41, 42, 43}));
}

TEST_F(AbiVersions, FailureNamesItsCulprit) {
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer*, kclhost_error& error) {
    error.flags = KCLHOST_FAILURE_PERMANENT | KCLHOST_FAILURE_CULPRIT;
    error.first_unfinished = 1;
    error.culprit = 2;
    error.retry_after_ms = 1'500;
    return KCLHOST_FAILED;
  });
  EXPECT_EQ(outcome.first_unfinished, 1u);
  EXPECT_EQ(outcome.culprit, 2u);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.retry_after_ms, 1'500u);
}

TEST_F(AbiVersions, FailureBeyondItsLimits) {
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer*, kclhost_error& error) {
    error.flags = KCLHOST_FAILURE_CULPRIT;
    error.first_unfinished = 4;
    error.culprit = 3;
    error.retry_after_ms = ~std::uint64_t{0};
    return KCLHOST_FAILED;
  });
  EXPECT_EQ(outcome.first_unfinished, 3u);
  EXPECT_EQ(outcome.culprit, std::nullopt);
  EXPECT_EQ(outcome.retry_after_ms, 3'600'000u);
}

TEST_F(AbiVersions, UnknownFailureFlag) {
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer*, kclhost_error& error) {
    error.flags = 0x40u;
    error.culprit = 1;
    return KCLHOST_FAILED;
  });
  EXPECT_FALSE(outcome.permanent);
  EXPECT_EQ(outcome.culprit, std::nullopt);
}

TEST_F(AbiVersions, NoSequenceNumber) {
  table_.functions.flags = KCLHOST_PLUGIN_CHECKPOINTS;
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer* checkpointer, kclhost_error& error) {
    return host->checkpoint(checkpointer, nullptr, -1, &error);
  });
  EXPECT_EQ(outcome.status, KCLHOST_ILLEGAL_ARGUMENT);
  EXPECT_THAT(outcome.message, HasSubstr("checkpoint_all does without"));
  EXPECT_TRUE(sent().empty());
}

TEST_F(AbiVersions, TickMissing) {
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer*, kclhost_error&) {
    host->set_tick_interval(host->context, 100);
    return KCLHOST_OK;
  });
  EXPECT_TRUE(outcome.ok());
  EXPECT_TRUE(sent().empty());
  EXPECT_TRUE(instance_->perform({.call = Call::tick}, "{}").ok());
}

TEST_F(AbiVersions, TickThere) {
  table_.functions.tick = [](void*, kclhost_checkpointer*, kclhost_error*) -> kclhost_status { return KCLHOST_FAILED; };
  ASSERT_TRUE(create().ok());
  const auto outcome = processing([](const kclhost_batch&, kclhost_checkpointer*, kclhost_error&) {
    host->set_tick_interval(host->context, 100);
    return KCLHOST_OK;
  });
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(sent(), std::vector<worker::Kind>{worker::Kind::ticks});
  EXPECT_FALSE(instance_->perform({.call = Call::tick}, "{}").ok());
}

TEST_F(AbiVersions, MetricSpecShorterThanVersion10) {
  ASSERT_TRUE(create().ok());
  kclhost_metric_spec spec{};
  spec.struct_size = sizeof spec - 1;
  spec.name = KCLHOST_STRING("words");
  kclhost_metric* metric = nullptr;
  kclhost_error error = make_error();
  EXPECT_EQ(host->register_metric(host->context, &spec, &metric, &error), KCLHOST_ILLEGAL_ARGUMENT);
  EXPECT_EQ(metric, nullptr);
  EXPECT_THAT(error.message, HasSubstr("set struct_size"));
  host->record_metric(metric, 1);
  EXPECT_EQ(sent(), std::vector<worker::Kind>{worker::Kind::refused}) << "the refusal is told, and nothing else";
}

TEST_F(AbiVersions, LongerMetricSpec) {
  ASSERT_TRUE(create().ok());
  struct {
    kclhost_metric_spec known{};
    std::uint64_t beyond = ~0ull;
  } spec;
  spec.known.struct_size = sizeof spec;
  spec.known.name = KCLHOST_STRING("words");
  kclhost_metric *metric = nullptr, *again = nullptr;
  EXPECT_EQ(host->register_metric(host->context, &spec.known, &metric, nullptr), KCLHOST_OK);
  EXPECT_EQ(host->register_metric(host->context, &spec.known, &again, nullptr), KCLHOST_OK);
  EXPECT_EQ(metric, again);
  EXPECT_EQ(sent(), std::vector<worker::Kind>{worker::Kind::metric_made});
}

TEST_F(AbiVersions, UnknownExtensionOfTheHost) {
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(host->get_extension(host->context, text("com.example.unheard_of/1")), nullptr);
}

kclhost_status refuse(kclhost_string config_json, kclhost_error* error) {
  error->message[0] = config_json.data[0];
  return KCLHOST_FAILED;
}

TEST_F(AbiVersions, ExtensionCheckConfig) {
  table_.functions.get_extension = [](kclhost_string id) -> const void* {
    static constexpr kclhost_check_config extension{sizeof extension, 0, &refuse};
    return string_of(id) == KCLHOST_EXTENSION_CHECK_CONFIG ? &extension : nullptr;
  };
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(instance_->perform({.call = Call::check_config}, "{}").message, "{");
}

kclhost_status create_shadow(const kclhost_host*, kclhost_string, void**, kclhost_error* error) {
  error->message[0] = 's';
  return KCLHOST_FAILED;
}

TEST_F(AbiVersions, ShadowThere) {
  table_.functions.get_extension = [](kclhost_string id) -> const void* {
    static constexpr kclhost_shadow extension{sizeof extension, 0, &create_shadow};
    return string_of(id) == KCLHOST_EXTENSION_SHADOW ? &extension : nullptr;
  };
  EXPECT_EQ(worker::why_no_shadow(table_), "");
  EXPECT_EQ(create(true).message, "s");
  EXPECT_TRUE(create(false).ok());
}

TEST_F(AbiVersions, ShadowMissing) {
  EXPECT_THAT(worker::why_no_shadow(table_), HasSubstr("it does not offer kclhost.shadow/1"));
  table_.functions.get_extension = [](kclhost_string) -> const void* { return nullptr; };
  EXPECT_THAT(worker::why_no_shadow(table_), HasSubstr("it does not offer kclhost.shadow/1"));
}

TEST_F(AbiVersions, ShadowShorterThanItsFirstVersion) {
  table_.functions.get_extension = [](kclhost_string) -> const void* {
    static constexpr kclhost_shadow extension{8, 0, &create_shadow};
    return &extension;
  };
  EXPECT_THAT(worker::why_no_shadow(table_), HasSubstr("is too short"));
}

TEST_F(AbiVersions, ExtensionMissing) {
  table_.functions.get_extension = [](kclhost_string) -> const void* { return nullptr; };
  ASSERT_TRUE(create().ok());
  EXPECT_TRUE(instance_->perform({.call = Call::check_config}, "{}").ok());
}

TEST_F(AbiVersions, ExtensionShorterThanItsFirstVersion) {
  table_.functions.get_extension = [](kclhost_string) -> const void* {
    static constexpr kclhost_check_config extension{8, 0, &refuse};
    return &extension;
  };
  ASSERT_TRUE(create().ok());
  EXPECT_THAT(instance_->perform({.call = Call::check_config}, "{}").message, HasSubstr("is too short"));
}

}  // namespace
