// The table of docs/abi.md, a test per row; the rows with a host newer than the plugin are in next_host_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <kclhost/record_processor.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "voyage.hpp"

namespace {

using kclhost::host::Result;
using kclhost::host::plugin::PluginTable;
using kclhost::host::plugin::read_table;
using testing::HasSubstr;

// Logs the data of its records, checkpoints, and fails at a record "fail".
class Speaker final : public kclhost::CheckpointingProcessor {
 public:
  explicit Speaker(kclhost::Context& context) : context_(context) {}
  void initialize(const kclhost::Initialization& start) override {
    context_.log_info(start.shard_id());
    if (start.reason() == kclhost::Beginning::restart) context_.log_info("again");
  }
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].data() == "fail") throw kclhost::BatchFailure("failed at " + std::to_string(i)).done(i);
      context_.log_info(batch[i].data());
    }
    const kclhost::Status status = checkpointer.checkpoint_all();
    if (!status) context_.log_info(status.name() + (status.retryable() ? " retryable" : " final"));
  }
  void finish(kclhost::Checkpointer&, kclhost::Reason reason) override {
    if (reason == kclhost::Reason::swap) context_.log_info("swap");
  }

 private:
  kclhost::Context& context_;
};

constexpr kclhost_plugin good = kclhost::detail::make_table<Speaker>("test.speaker", "1.0.0");

// A struct as another version would have it: longer.
template <class T>
struct Longer {
  T known{};
  std::uint64_t beyond[8] = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull};
};

class AbiVersions : public testing::Test {
 protected:
  void TearDown() override {
    if (self_ != nullptr) good.destroy(self_);
  }

  void create() { ASSERT_EQ(good.create(&host_.table, text("{}"), &self_, &error_), KCLHOST_OK) << error_.message; }

  kclhost_status process(const std::vector<kclhost_record>& records) {
    const auto batch = make_batch(records);
    return good.process_records(self_, &batch, host_.checkpointer(), &error_);
  }

  std::string said() const {
    std::string text;
    for (const auto& log : host_.logs) text += log.text + ' ';
    return text;
  }

  static std::string error_of(const kclhost_plugin& table) {
    const auto result = read_table(&table);
    if (result) return "loaded";
    EXPECT_EQ(result.error().find('\n'), std::string::npos);
    return result.error();
  }

  FakeHost host_;
  kclhost_error error_ = make_error();
  void* self_ = nullptr;
};

// ---- What the host makes of a plugin's table

TEST_F(AbiVersions, PluginOfThisVersion) {
  const auto table = read_table(load(TRAVELLER_1_0));
  ASSERT_TRUE(table) << table.error();
  EXPECT_EQ(table->id, "test.traveller");
  EXPECT_EQ(table->version, "1.0.0");
  EXPECT_TRUE(table->checkpoints());
  EXPECT_FALSE(table->wants_empty_batches());
  expect_good_voyage(table->functions);
}

TEST_F(AbiVersions, PluginOfANewerMinor) {
  const auto table = read_table(load(TRAVELLER_NEXT));
  ASSERT_TRUE(table) << table.error();
  EXPECT_GT(table->functions.abi_minor, KCLHOST_ABI_MINOR);
  EXPECT_GT(table->functions.struct_size, sizeof(kclhost_plugin));
  expect_good_voyage(table->functions);
}

TEST_F(AbiVersions, PluginTableShorterThanVersion10) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{12}, sizeof good - 8, sizeof good - 1}) {
    kclhost_plugin table = good;
    table.struct_size = static_cast<std::uint32_t>(size);
    EXPECT_THAT(error_of(table), HasSubstr("has a table of " + std::to_string(size) + " bytes")) << size;
  }
}

TEST_F(AbiVersions, PluginOfAnotherMajor) {
  for (const std::uint32_t size : {8u, 16u, static_cast<std::uint32_t>(sizeof good), 4096u}) {
    kclhost_plugin table = good;
    table.struct_size = size;
    table.abi_major = 2;
    EXPECT_THAT(error_of(table), HasSubstr("ABI major 2")) << size;
  }
}

TEST_F(AbiVersions, NullTable) {
  const auto table = read_table(nullptr);
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error(), HasSubstr("returned NULL"));
}

TEST_F(AbiVersions, RequiredFunctionMissing) {
  const auto without = [](auto member) {
    kclhost_plugin table = good;
    table.*member = nullptr;
    return error_of(table);
  };
  EXPECT_THAT(without(&kclhost_plugin::create), HasSubstr("no create function"));
  EXPECT_THAT(without(&kclhost_plugin::destroy), HasSubstr("no destroy function"));
  EXPECT_THAT(without(&kclhost_plugin::initialize), HasSubstr("no initialize function"));
  EXPECT_THAT(without(&kclhost_plugin::process_records), HasSubstr("no process_records function"));
  EXPECT_THAT(without(&kclhost_plugin::shard_ended), HasSubstr("no shard_ended function"));
}

TEST_F(AbiVersions, OptionalFunctionMissing) {
  kclhost_plugin table = good;
  table.lease_lost = nullptr;
  table.shutdown_requested = nullptr;
  table.flush = nullptr;
  table.tick = nullptr;
  table.get_extension = nullptr;
  EXPECT_EQ(error_of(table), "loaded");
}

TEST_F(AbiVersions, UnknownPluginFlag) {
  kclhost_plugin table = good;
  table.flags = KCLHOST_PLUGIN_EMPTY_BATCHES | 0x40u;
  EXPECT_THAT(error_of(table), HasSubstr("flags 0x40"));
}

TEST_F(AbiVersions, PluginThatAcknowledges) {
  kclhost_plugin table = good;
  table.flags = KCLHOST_PLUGIN_ACKNOWLEDGES | KCLHOST_PLUGIN_EMPTY_BATCHES;
  const auto read = read_table(&table);
  ASSERT_TRUE(read) << read.error();
  EXPECT_TRUE(read->acknowledges());
  EXPECT_FALSE(read->checkpoints());
}

TEST_F(AbiVersions, PluginWithTwoWays) {
  kclhost_plugin table = good;
  table.flags = KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_ACKNOWLEDGES;
  EXPECT_THAT(error_of(table), HasSubstr("sets both KCLHOST_PLUGIN_CHECKPOINTS and KCLHOST_PLUGIN_ACKNOWLEDGES"));
}

TEST_F(AbiVersions, BrokenDescriptor) {
  const auto with = [](auto member, kclhost_string value) {
    kclhost_plugin table = good;
    table.*member = value;
    return error_of(table);
  };
  for (const kclhost_string& bad : {text(""), text("has space"), text("new\nline"), kclhost_string{nullptr, 3}}) {
    EXPECT_THAT(with(&kclhost_plugin::id, bad), HasSubstr("id"));
    EXPECT_THAT(with(&kclhost_plugin::version, bad), HasSubstr("version"));
  }
  EXPECT_THAT(with(&kclhost_plugin::description, text("two\nlines")), HasSubstr("description"));
  EXPECT_THAT(with(&kclhost_plugin::config_schema, {nullptr, 1}), HasSubstr("config_schema"));
  EXPECT_THAT(with(&kclhost_plugin::config_schema, {good.id.data, std::size_t{1} << 40}), HasSubstr("config_schema"));
}

// ---- What a plugin makes of the host's structs

TEST_F(AbiVersions, HostOfANewerMinor) {
  Longer<kclhost_host> longer;
  longer.known = host_.table;
  longer.known.struct_size = sizeof longer;
  longer.known.abi_minor = 9;
  ASSERT_EQ(good.create(&longer.known, text("{}"), &self_, &error_), KCLHOST_OK) << error_.message;
  EXPECT_EQ(process({make_record("a", "1")}), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "a ");
}

TEST_F(AbiVersions, HostTableShorterThanVersion10) {
  host_.table.struct_size = sizeof(kclhost_host) - 8;
  host_.table.log = nullptr;  // nothing of it may be used
  EXPECT_EQ(good.create(&host_.table, text("{}"), &self_, &error_), KCLHOST_FAILED);
  EXPECT_THAT(error_.message, HasSubstr("shorter than that of ABI 1.0"));
  EXPECT_EQ(self_, nullptr);
}

TEST_F(AbiVersions, LongerRecords) {
  create();
  std::vector<Longer<kclhost_record>> records(3);
  records[0].known = make_record("a", "1");
  records[1].known = make_record("b", "2");
  records[2].known = make_record("c", "3");
  auto batch = make_batch({});
  batch.records = &records[0].known;
  batch.record_count = records.size();
  batch.record_stride = sizeof records[0];
  EXPECT_EQ(good.process_records(self_, &batch, host_.checkpointer(), &error_), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "a b c ");
}

TEST_F(AbiVersions, LongerBatchAndInitialization) {
  create();
  Longer<kclhost_initialization> initialization;
  initialization.known = make_initialization("shardId-3");
  initialization.known.struct_size = sizeof initialization;
  EXPECT_EQ(good.initialize(self_, &initialization.known, &error_), KCLHOST_OK) << error_.message;
  const std::vector<kclhost_record> records{make_record("a", "1")};
  Longer<kclhost_batch> batch;
  batch.known = make_batch(records);
  batch.known.struct_size = sizeof batch;
  EXPECT_EQ(good.process_records(self_, &batch.known, host_.checkpointer(), &error_), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "shardId-3 a ");
}

TEST_F(AbiVersions, UnknownInitializationReason) {
  create();
  auto initialization = make_initialization("shardId-3");
  initialization.reason = 99;
  EXPECT_EQ(good.initialize(self_, &initialization, &error_), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "shardId-3 again ");
}

TEST_F(AbiVersions, UnknownFinishReason) {
  create();
  host_.finish_reason = 99;
  EXPECT_EQ(good.flush(self_, host_.checkpointer(), &error_), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "swap ");
}

TEST_F(AbiVersions, LongerError) {
  create();
  Longer<kclhost_error> error;
  error.known.struct_size = sizeof error;
  const std::vector<kclhost_record> records{make_record("a", "1"), make_record("fail", "2")};
  const auto batch = make_batch(records);
  EXPECT_EQ(good.process_records(self_, &batch, host_.checkpointer(), &error.known), KCLHOST_FAILED);
  EXPECT_STREQ(error.known.message, "failed at 1");
  EXPECT_EQ(error.known.first_unfinished, 1u);
  for (const std::uint64_t beyond : error.beyond) EXPECT_EQ(beyond, ~0ull);
}

TEST_F(AbiVersions, ErrorShorterThanVersion10) {
  create();
  error_.struct_size = offsetof(kclhost_error, message) + 16;
  std::memset(error_.message, '?', sizeof error_.message);
  EXPECT_EQ(process({make_record("a", "1"), make_record("fail", "2")}), KCLHOST_FAILED);
  for (const char c : error_.message) ASSERT_EQ(c, '?');
}

TEST_F(AbiVersions, NoErrorAtAll) {
  create();
  const std::vector<kclhost_record> records{make_record("fail", "1")};
  const auto batch = make_batch(records);
  EXPECT_EQ(good.process_records(self_, &batch, host_.checkpointer(), nullptr), KCLHOST_FAILED);
}

TEST_F(AbiVersions, UnknownStatusCode) {
  create();
  host_.answer = 99;
  host_.answer_name = "BrandNewException";
  EXPECT_EQ(process({make_record("a", "1")}), KCLHOST_OK) << error_.message;
  EXPECT_EQ(said(), "a BrandNewException final ");
}

}  // namespace
