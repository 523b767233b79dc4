// kclhost/record_processor.hpp, driven through the C table it makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <kclhost/record_processor.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "fake_host.hpp"

namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::StrEq;

// Does in every call what the test put into action.
class Probe : public kclhost::CheckpointingProcessor {
 public:
  struct Call {
    const char* name;
    const kclhost::Batch* batch;
    kclhost::Checkpointer* checkpointer;
    kclhost::Context* context;
  };
  static inline std::function<void(const Call&)> action;

  explicit Probe(kclhost::Context& context) : context_(context) { run("constructor"); }
  ~Probe() override { run("destructor"); }
  void initialize(const kclhost::Initialization& start) override {
    shard = std::string(start.shard_id());
    reason = start.reason();
    position = start.position();
    run("initialize");
  }
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) override {
    run("process_records", &batch, &checkpointer);
  }
  void shard_ended(kclhost::Checkpointer& checkpointer) override { run("shard_ended", nullptr, &checkpointer); }
  void lease_lost() override { run("lease_lost"); }
  void shutdown_requested(kclhost::Checkpointer& c) override { run("shutdown_requested", nullptr, &c); }
  void flush(kclhost::Checkpointer& checkpointer, kclhost::Reason why) override {
    finish_reason = why;
    run("flush", nullptr, &checkpointer);
  }
  void tick(kclhost::Checkpointer& checkpointer) override { run("tick", nullptr, &checkpointer); }
  void finish(kclhost::Checkpointer&, kclhost::Reason) override { run("finish"); }

  static inline std::string shard;
  static inline kclhost::Beginning reason{};
  static inline kclhost::Reason finish_reason{};
  static inline kclhost::Position position;

 private:
  void run(const char* name, const kclhost::Batch* batch = nullptr, kclhost::Checkpointer* checkpointer = nullptr) {
    if (action) action({name, batch, checkpointer, &context_});
  }

  kclhost::Context& context_;
};

class Plain final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch& batch) override { records += batch.size(); }
  void finish(kclhost::Reason reason) override { reasons.push_back(reason); }

  static inline std::size_t records = 0;
  static inline std::vector<kclhost::Reason> reasons;
};

class CheckpointsItself final : public kclhost::CheckpointingProcessor {
 public:
  static constexpr bool empty_batches = true;
  static constexpr const char* config_schema = R"({"type": "object"})";
  static constexpr std::string_view description = "what it is";
  void process_records(const kclhost::Batch&, kclhost::Checkpointer&) override {}
  void finish(kclhost::Checkpointer& checkpointer, kclhost::Reason reason) override {
    reasons.push_back(reason);
    EXPECT_TRUE(checkpointer.checkpoint_all());
  }

  static inline std::vector<kclhost::Reason> reasons;
};

class Acknowledges final : public kclhost::AcknowledgingProcessor {
 public:
  explicit Acknowledges(kclhost::AcknowledgingContext& context) : context_(context) {}
  void process_records(const kclhost::Batch& batch) override {
    context_.acknowledge(batch[1]);
    context_.acknowledge(batch[0].id());
    context_.acknowledge(batch);
    context_.acknowledge(70, 3);
  }
  void finish(kclhost::Reason reason) override { reasons.push_back(reason); }
  void tick() override { ++ticks; }

  static inline std::vector<kclhost::Reason> reasons;
  static inline int ticks = 0;

 private:
  kclhost::AcknowledgingContext& context_;
};

class ChecksItsConfig final : public kclhost::RecordProcessor {
 public:
  static void check_config(const kclhost::Config& config) { config.allow_only({"port"}); }
  void process_records(const kclhost::Batch&) override {}
};

class Sdk : public testing::Test {
 protected:
  void TearDown() override {
    Probe::action = nullptr;
    if (self_ != nullptr) table_.destroy(self_);
  }

  kclhost_status create(const char* config = "{}") {
    return table_.create(&host_.table, text(config), &self_, &error_);
  }

  kclhost_status process(const kclhost_batch& batch) {
    return table_.process_records(self_, &batch, host_.checkpointer(), &error_);
  }

  // Runs body inside process_records on a batch of two records.
  void within_process_records(const std::function<void(const Probe::Call&)>& body) {
    ASSERT_EQ(create(), KCLHOST_OK);
    bool ran = false;
    Probe::action = [&](const Probe::Call& call) {
      ran = true;
      body(call);
    };
    EXPECT_EQ(process(make_batch(records_)), KCLHOST_OK) << error_.message;
    Probe::action = nullptr;
    EXPECT_TRUE(ran);
  }

  const kclhost_plugin table_ = kclhost::detail::make_table<Probe>("test.probe", "1.2.3");
  std::vector<kclhost_record> records_{make_record("one", "101"), make_record("two", "102", 7)};
  FakeHost host_;
  kclhost_error error_ = make_error();
  void* self_ = nullptr;
};

TEST_F(Sdk, TheTableSaysWhatTheClassSays) {
  const kclhost_plugin plain = kclhost::detail::make_table<Plain>("test.probe", "1.2.3");
  EXPECT_EQ(plain.struct_size, sizeof(kclhost_plugin));
  EXPECT_EQ(plain.abi_major, KCLHOST_ABI_MAJOR);
  EXPECT_EQ(plain.flags, 0u);
  EXPECT_EQ(kclhost::detail::view(plain.id), "test.probe");
  EXPECT_EQ(kclhost::detail::view(plain.version), "1.2.3");
  EXPECT_EQ(plain.config_schema.size, 0u);

  EXPECT_EQ(kclhost::detail::make_table<Acknowledges>("test.third", "1").flags, KCLHOST_PLUGIN_ACKNOWLEDGES);
  const kclhost_plugin other = kclhost::detail::make_table<CheckpointsItself>("test.other", "1");
  EXPECT_EQ(other.flags, KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_EMPTY_BATCHES);
  EXPECT_EQ(kclhost::detail::view(other.config_schema), R"({"type": "object"})");
  EXPECT_EQ(kclhost::detail::view(other.description), "what it is");
}

TEST_F(Sdk, EveryCallReachesTheClass) {
  std::vector<std::string> calls;
  Probe::action = [&](const Probe::Call& call) { calls.emplace_back(call.name); };
  ASSERT_EQ(create(), KCLHOST_OK);
  auto initialization = make_initialization("shardId-1");
  initialization.sequence_number = text("77");
  initialization.sub_sequence_number = 3;
  initialization.reason = KCLHOST_INITIALIZATION_SWAP;
  EXPECT_EQ(table_.initialize(self_, &initialization, &error_), KCLHOST_OK);
  EXPECT_EQ(Probe::shard, "shardId-1");
  EXPECT_EQ(Probe::reason, kclhost::Beginning::swap);
  EXPECT_EQ(Probe::position, kclhost::Position("77", 3));
  EXPECT_EQ(process(make_batch(records_)), KCLHOST_OK);
  EXPECT_EQ(table_.tick(self_, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_EQ(table_.flush(self_, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_EQ(table_.shutdown_requested(self_, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_EQ(table_.shard_ended(self_, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_EQ(table_.lease_lost(self_, &error_), KCLHOST_OK);
  table_.destroy(self_);
  self_ = nullptr;
  EXPECT_THAT(calls, ElementsAre("constructor", "initialize", "process_records", "tick", "flush", "shutdown_requested",
                                 "shard_ended", "lease_lost", "destructor"));
}

TEST_F(Sdk, OneFinishServesAllThatMayComeLast) {
  constexpr kclhost_plugin tables[] = {kclhost::detail::make_table<Plain>("test.plain", "1"),
                                       kclhost::detail::make_table<Acknowledges>("test.acknowledges", "1"),
                                       kclhost::detail::make_table<CheckpointsItself>("test.holds", "1")};
  for (const kclhost_plugin& table : tables) {
    void* self = nullptr;
    ASSERT_EQ(table.create(&host_.table, text("{}"), &self, &error_), KCLHOST_OK);
    const kclhost_batch batch = make_batch(records_);
    EXPECT_EQ(table.process_records(self, &batch, host_.checkpointer(), &error_), KCLHOST_OK);
    for (const std::int32_t why : {KCLHOST_FINISH_SWAP, KCLHOST_FINISH_BISECTION, KCLHOST_FINISH_IN_FLIGHT, 99}) {
      host_.finish_reason = why;
      EXPECT_EQ(table.flush(self, host_.checkpointer(), &error_), KCLHOST_OK);
    }
    EXPECT_EQ(table.shutdown_requested(self, host_.checkpointer(), &error_), KCLHOST_OK);
    EXPECT_EQ(table.shard_ended(self, host_.checkpointer(), &error_), KCLHOST_OK);
    table.destroy(self);
  }
  using kclhost::Reason;
  const auto all = ElementsAre(Reason::swap, Reason::bisection, Reason::in_flight, Reason::swap, Reason::shutdown,
                               Reason::shard_ended);
  EXPECT_EQ(Plain::records, records_.size());
  EXPECT_THAT(Plain::reasons, all);
  EXPECT_THAT(Acknowledges::reasons, all);
  EXPECT_THAT(CheckpointsItself::reasons, all);
  EXPECT_EQ(host_.checkpoints.size(), 6u);
}

TEST_F(Sdk, AnExceptionInAnyCallBecomesItsError) {
  std::string throwing;
  Probe::action = [&](const Probe::Call& call) {
    if (call.name == throwing) throw std::runtime_error("thrown in " + throwing);
  };
  throwing = "constructor";
  EXPECT_EQ(create(), KCLHOST_FAILED);
  EXPECT_THAT(error_.message, StrEq("thrown in constructor"));
  throwing = "";
  ASSERT_EQ(create(), KCLHOST_OK);
  const auto initialization = make_initialization("shardId-1");
  const auto batch = make_batch(records_);
  auto* const handle = host_.checkpointer();
  const std::vector<std::pair<const char*, std::function<kclhost_status()>>> calls{
      {"initialize", [&] { return table_.initialize(self_, &initialization, &error_); }},
      {"process_records", [&] { return table_.process_records(self_, &batch, handle, &error_); }},
      {"shard_ended", [&] { return table_.shard_ended(self_, handle, &error_); }},
      {"lease_lost", [&] { return table_.lease_lost(self_, &error_); }},
      {"shutdown_requested", [&] { return table_.shutdown_requested(self_, handle, &error_); }},
      {"flush", [&] { return table_.flush(self_, handle, &error_); }},
      {"tick", [&] { return table_.tick(self_, handle, &error_); }},
  };
  for (const auto& [name, call] : calls) {
    throwing = name;
    error_ = make_error();
    EXPECT_EQ(call(), KCLHOST_FAILED) << name;
    EXPECT_EQ(error_.message, "thrown in " + throwing);
    EXPECT_EQ(error_.first_unfinished, 0u);
  }
}

TEST_F(Sdk, NestedExceptionsAreJoined) {
  Probe::action = [](const Probe::Call&) {
    try {
      try {
        throw 42;
      } catch (...) {
        std::throw_with_nested(std::runtime_error("inner"));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  };
  EXPECT_EQ(create(), KCLHOST_FAILED);
  EXPECT_THAT(error_.message, StrEq("outer: inner: threw something that is not a std::exception"));
}

TEST_F(Sdk, AnExceptionIsNestedInNone) {
  Probe::action = [](const Probe::Call&) { std::throw_with_nested(std::runtime_error("alone")); };
  EXPECT_EQ(create(), KCLHOST_FAILED);
  EXPECT_THAT(error_.message, StrEq("alone"));
}

TEST_F(Sdk, ABatchFailureSaysAllThatIsKnownOfIt) {
  ASSERT_EQ(create(), KCLHOST_OK);
  Probe::action = [](const Probe::Call&) { throw kclhost::BatchFailure("the second is bad").done(1); };
  EXPECT_EQ(process(make_batch(records_)), KCLHOST_FAILED);
  EXPECT_EQ(error_.first_unfinished, 1u);
  EXPECT_EQ(error_.flags, 0u);
  EXPECT_EQ(error_.retry_after_ms, 0u);
  EXPECT_THAT(error_.message, StrEq("the second is bad"));

  Probe::action = [](const Probe::Call&) {
    throw kclhost::BatchFailure("so is the third").culprit(2).permanent().retry_after(std::chrono::seconds(3));
  };
  error_ = make_error();
  EXPECT_EQ(process(make_batch(records_)), KCLHOST_FAILED);
  EXPECT_EQ(error_.first_unfinished, 0u);
  EXPECT_EQ(error_.flags, KCLHOST_FAILURE_CULPRIT | KCLHOST_FAILURE_PERMANENT);
  EXPECT_EQ(error_.culprit, 2u);
  EXPECT_EQ(error_.retry_after_ms, 3000u);
  EXPECT_THAT(error_.message, StrEq("so is the third"));

  Probe::action = [](const Probe::Call&) { throw kclhost::BatchFailure("the first is").culprit(0); };
  error_ = make_error();
  EXPECT_EQ(process(make_batch(records_)), KCLHOST_FAILED);
  EXPECT_EQ(error_.flags, KCLHOST_FAILURE_CULPRIT);
  EXPECT_EQ(error_.culprit, 0u);
  Probe::action = nullptr;
}

TEST_F(Sdk, AnAcknowledgingProcessorAcknowledges) {
  const kclhost_plugin table = kclhost::detail::make_table<Acknowledges>("test.acknowledges", "1");
  void* self = nullptr;
  ASSERT_EQ(table.create(&host_.table, text("{}"), &self, &error_), KCLHOST_OK);
  records_[0].id = 40;
  records_[1].id = 41;
  const kclhost_batch batch = make_batch(records_);
  EXPECT_EQ(table.process_records(self, &batch, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_THAT(host_.acknowledgements, ElementsAre(Pair(41, 1), Pair(40, 1), Pair(40, 2), Pair(70, 3)));
  EXPECT_EQ(table.tick(self, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_EQ(Acknowledges::ticks, 1);
  table.destroy(self);
}

TEST_F(Sdk, AClassThatChecksItsConfigSaysWhatIsWrong) {
  const kclhost_plugin table = kclhost::detail::make_table<ChecksItsConfig>("test.checks", "1");
  const auto* const checking =
      static_cast<const kclhost_check_config*>(table.get_extension(text(KCLHOST_EXTENSION_CHECK_CONFIG)));
  ASSERT_NE(checking, nullptr);
  EXPECT_EQ(checking->struct_size, sizeof *checking);
  EXPECT_EQ(checking->check(text(R"({"port": 1})"), &error_), KCLHOST_OK);
  EXPECT_EQ(checking->check(text(R"({"prot": 1})"), &error_), KCLHOST_FAILED);
  EXPECT_THAT(error_.message, StrEq("plugin.config.prot is unknown; there are port"));
  EXPECT_EQ(table.get_extension(text("kclhost.unheard_of/1")), nullptr);
}

TEST_F(Sdk, ALongMessageIsCutBetweenCharacters) {
  const std::string euros = [] {
    std::string text = "x";
    for (int i = 0; i < 1000; ++i) text += "\xE2\x82\xAC";
    return text;
  }();
  Probe::action = [&](const Probe::Call&) { throw std::runtime_error(euros); };
  EXPECT_EQ(create(), KCLHOST_FAILED);
  const std::string message = error_.message;
  EXPECT_GT(message.size(), sizeof error_.message - 5);
  EXPECT_EQ(message.size() % 3, 1u);
  EXPECT_EQ(message, euros.substr(0, message.size()));
}

TEST_F(Sdk, RecordsAreReadAsTheyWere) {
  records_[1].approximate_arrival_timestamp_ms = 1'700'000'000'123;
  records_[1].id = 6;
  within_process_records([](const Probe::Call& call) {
    const kclhost::Batch& batch = *call.batch;
    ASSERT_EQ(batch.size(), 2u);
    EXPECT_FALSE(batch.empty());
    EXPECT_EQ(batch.attempt(), 1u);
    EXPECT_EQ(batch.millis_behind_latest(), std::nullopt);
    std::string all;
    for (const kclhost::Record& record : batch) all += std::string(record.data()) + ' ';
    EXPECT_EQ(all, "one two ");
    EXPECT_EQ(batch[0].approximate_arrival_time(), std::nullopt);
    EXPECT_EQ(batch[1].approximate_arrival_time()->time_since_epoch(), std::chrono::milliseconds(1'700'000'000'123));
    EXPECT_EQ(batch[1].partition_key(), "key");
    EXPECT_EQ(batch[1].sequence_number(), "102");
    EXPECT_EQ(batch[1].sub_sequence_number(), 7);
    EXPECT_EQ(batch[1].position(), kclhost::Position("102", 7));
    EXPECT_TRUE(batch[1].comes_after(kclhost::Position("99", 9)));
    EXPECT_FALSE(batch[1].comes_after(batch[1].position()));
    EXPECT_EQ(batch[1].id(), 6u);
  });
}

TEST_F(Sdk, CheckpointsSayWhichRecord) {
  within_process_records([](const Probe::Call& call) {
    EXPECT_TRUE(call.checkpointer->checkpoint_all());
    EXPECT_TRUE(call.checkpointer->checkpoint((*call.batch)[1]));
    EXPECT_TRUE(call.checkpointer->checkpoint("55"));
    EXPECT_TRUE(call.checkpointer->checkpoint(kclhost::Position("56", 3)));
  });
  ASSERT_EQ(host_.checkpoints.size(), 4u);
  EXPECT_EQ(host_.checkpoints[0].sequence_number, std::nullopt);
  EXPECT_EQ(host_.checkpoints[1].sequence_number, "102");
  EXPECT_EQ(host_.checkpoints[1].sub_sequence_number, 7);
  EXPECT_EQ(host_.checkpoints[2].sequence_number, "55");
  EXPECT_EQ(host_.checkpoints[2].sub_sequence_number, -1);
  EXPECT_EQ(host_.checkpoints[3].sub_sequence_number, 3);
  EXPECT_EQ(host_.checkpoints[3].handle, host_.checkpointer());
}

TEST_F(Sdk, AFailedCheckpointSaysWhyAndWhetherToTryAgain) {
  host_.answer_name = "ThrottlingException";
  host_.answer_message = "slow down";
  const std::vector<std::pair<kclhost_status, bool>> cases{
      {KCLHOST_SHUTDOWN, false},  {KCLHOST_THROTTLING, true},        {KCLHOST_INVALID_STATE, false},
      {KCLHOST_DEPENDENCY, true}, {KCLHOST_ILLEGAL_ARGUMENT, false}, {KCLHOST_OTHER_EXCEPTION, false},
      {KCLHOST_FAILED, false},
  };
  within_process_records([&](const Probe::Call& call) {
    for (const auto& [code, retryable] : cases) {
      host_.answer = code;
      const kclhost::Status status = call.checkpointer->checkpoint_all();
      EXPECT_FALSE(status);
      EXPECT_FALSE(status.ok());
      EXPECT_EQ(status.code(), code);
      EXPECT_EQ(status.retryable(), retryable) << code;
      EXPECT_EQ(status.name(), "ThrottlingException");
      EXPECT_EQ(status.message(), "slow down");
    }
  });
}

TEST_F(Sdk, TheConfigOutlivesCreate) {
  std::string config = R"({"b":2})";
  ASSERT_EQ(create(config.c_str()), KCLHOST_OK);
  config.assign(config.size(), '!');
  Probe::action = [](const Probe::Call& call) { EXPECT_EQ(call.context->config_json(), R"({"b":2})"); };
  EXPECT_EQ(table_.lease_lost(self_, &error_), KCLHOST_OK);
}

TEST_F(Sdk, AClassMayDoWithoutAContext) {
  const kclhost_plugin table = kclhost::detail::make_table<Plain>("test.plain", "1");
  void* self = nullptr;
  ASSERT_EQ(table.create(&host_.table, text("{}"), &self, &error_), KCLHOST_OK);
  EXPECT_EQ(table.shutdown_requested(self, host_.checkpointer(), &error_), KCLHOST_OK);
  EXPECT_TRUE(host_.checkpoints.empty());
  table.destroy(self);
}

}  // namespace
