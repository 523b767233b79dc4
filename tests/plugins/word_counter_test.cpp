// The word counter as a host sees it: loaded from its file, driven through its table.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "fake_host.hpp"

namespace {

using testing::HasSubstr;

const kclhost_plugin& word_counter() {
  static const kclhost_plugin* const table = [] {
    void* library = ::dlopen(WORD_COUNTER, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    return reinterpret_cast<decltype(&kclhost_plugin_v1)>(::dlsym(library, KCLHOST_ENTRY_SYMBOL))();
  }();
  return *table;
}

// An instance on shardId-1.
class Instance {
 public:
  explicit Instance(const std::string& config, const char* checkpoint = "TRIM_HORIZON",
                    std::int32_t reason = KCLHOST_INITIALIZATION_START) {
    status = word_counter().create(&host.table, text(config.c_str()), &self_, &error);
    if (status != KCLHOST_OK) return;
    auto initialization = make_initialization("shardId-1");
    initialization.sequence_number = text(checkpoint);
    initialization.reason = reason;
    status = word_counter().initialize(self_, &initialization, &error);
  }
  ~Instance() {
    if (self_ != nullptr) word_counter().destroy(self_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  kclhost_status process(const std::vector<kclhost_record>& records) {
    const auto batch = make_batch(records);
    return word_counter().process_records(self_, &batch, host.checkpointer(), &error);
  }
  // The report at the end.
  std::string report() {
    host.logs.clear();
    EXPECT_EQ(word_counter().shutdown_requested(self_, host.checkpointer(), &error), KCLHOST_OK);
    EXPECT_EQ(word_counter().lease_lost(self_, &error), KCLHOST_OK);
    EXPECT_EQ(host.logs.size(), 1u) << "one report, not one per call";
    return host.logs.empty() ? "" : host.logs[0].text;
  }

  FakeHost host;
  kclhost_error error = make_error();
  kclhost_status status = KCLHOST_OK;

 private:
  void* self_ = nullptr;
};

class WordCounter : public testing::Test {
 protected:
  WordCounter() {
    char name[] = "/tmp/word_counter_test.XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~WordCounter() override { std::filesystem::remove_all(dir_); }

  std::string config() const { return R"({"output_dir": ")" + (dir_ / "counts").string() + R"("})"; }
  std::filesystem::path file() const { return dir_ / "counts" / "shardId-1.json"; }
  std::string written() const {
    std::ifstream stream(file());
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::filesystem::path dir_;
};

TEST_F(WordCounter, CountsWordsBetweenWhitespace) {
  Instance instance("{}");
  EXPECT_EQ(instance.process({make_record("b a\tb\n", "1"), make_record("", "2"), make_record("  c\r\nb", "3")}),
            KCLHOST_OK);
  EXPECT_EQ(instance.report(), "words shard=shardId-1 total=5 distinct=3 top: b=3 a=1 c=1");
}

TEST_F(WordCounter, BinaryDataMakesWellFormedText) {
  Instance instance(config());
  EXPECT_EQ(instance.process({make_record("\xFF\xC3\xA9\xED\xA0\x80 \xE2\x82", "1")}), KCLHOST_OK)
      << instance.error.message;
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_THAT(written(), HasSubstr('"' + bad + "\xC3\xA9" + bad + bad + bad + "\":1"));
  EXPECT_THAT(written(), HasSubstr('"' + bad + bad + "\":1"));
}

TEST_F(WordCounter, AHugeWordIsCut) {
  Instance instance("{}");
  const std::string huge(900 << 10, 'x');
  EXPECT_EQ(instance.process({make_record(huge.c_str(), "1")}), KCLHOST_OK);
  EXPECT_EQ(instance.report(), "words shard=shardId-1 total=1 distinct=1 top: " + std::string(256, 'x') + "=1");
}

TEST_F(WordCounter, LogsEveryRecordAtDebug) {
  Instance instance("{}");
  EXPECT_EQ(instance.process({make_record("four", "41", 2)}), KCLHOST_OK);
  ASSERT_EQ(instance.host.logs.size(), 1u);
  EXPECT_EQ(instance.host.logs[0].level, KCLHOST_LOG_DEBUG);
  EXPECT_EQ(instance.host.logs[0].text, "record partition_key=key sequence_number=41 sub_sequence_number=2 size=4");
  instance.host.log_level = KCLHOST_LOG_INFO;
  EXPECT_EQ(instance.process({make_record("four", "42")}), KCLHOST_OK);
  EXPECT_EQ(instance.host.logs.size(), 1u);
}

TEST_F(WordCounter, ReportsAsOftenAsItIsTold) {
  Instance instance(R"({"report_interval_seconds": 0, "top": 1})");
  instance.host.log_level = KCLHOST_LOG_INFO;
  EXPECT_EQ(instance.process({make_record("a b a", "1")}), KCLHOST_OK);
  EXPECT_EQ(instance.process({}), KCLHOST_OK);
  ASSERT_EQ(instance.host.logs.size(), 2u);
  EXPECT_EQ(instance.host.logs[0].text, "words shard=shardId-1 total=3 distinct=2 top: a=2");
  Instance patient(R"({"report_interval_seconds": 3600})");
  patient.host.log_level = KCLHOST_LOG_INFO;
  EXPECT_EQ(patient.process({make_record("a", "1")}), KCLHOST_OK);
  EXPECT_TRUE(patient.host.logs.empty());
}

TEST_F(WordCounter, ARestartCountsOn) {
  {
    Instance first(config());
    EXPECT_EQ(first.process({make_record("a b", "9"), make_record("a", "10", 0), make_record("a", "10", 1)}),
              KCLHOST_OK);
  }
  EXPECT_EQ(written(), R"({"sequence_number":"10","sub_sequence_number":1,"total":4,"words":{"a":3,"b":1}})"
                       "\n");
  Instance second(config(), "9");
  ASSERT_EQ(second.status, KCLHOST_OK) << second.error.message;
  // The KCL gives again what came after the last checkpoint.
  EXPECT_EQ(second.process({make_record("a", "10", 0), make_record("a", "10", 1), make_record("a", "10", 2),
                            make_record("c", "11")}),
            KCLHOST_OK);
  EXPECT_EQ(second.report(), "words shard=shardId-1 total=6 distinct=3 top: a=4 b=1 c=1");
}

TEST_F(WordCounter, WithoutACheckpointItCountsAnew) {
  {
    Instance first(config());
    EXPECT_EQ(first.process({make_record("a b", "9")}), KCLHOST_OK);
  }
  for (const char* start : {"TRIM_HORIZON", "AT_TIMESTAMP"}) {
    Instance again(config(), start);
    EXPECT_EQ(again.process({make_record("c", "3")}), KCLHOST_OK);
    EXPECT_THAT(written(), HasSubstr(R"("total":1,"words":{"c":1})")) << start;
  }
}

TEST_F(WordCounter, TakingOverReadsTheFileAtTheFirstBatch) {
  Instance older(config());
  Instance newer(config(), "TRIM_HORIZON", KCLHOST_INITIALIZATION_SWAP);
  EXPECT_EQ(older.process({make_record("a", "1")}), KCLHOST_OK);
  EXPECT_EQ(newer.process({make_record("a", "2")}), KCLHOST_OK);
  EXPECT_THAT(written(), HasSubstr(R"("words":{"a":2})"));
}

TEST_F(WordCounter, AFailedWriteFailsTheBatchAndCountsOnce) {
  Instance instance(config());
  std::filesystem::remove_all(dir_ / "counts");
  const std::vector<kclhost_record> records{make_record("a", "1")};
  EXPECT_EQ(instance.process(records), KCLHOST_FAILED);
  EXPECT_THAT(instance.error.message, HasSubstr(file().string()));
  std::filesystem::create_directories(dir_ / "counts");
  EXPECT_EQ(instance.process(records), KCLHOST_OK) << instance.error.message;
  EXPECT_THAT(written(), HasSubstr(R"("words":{"a":1})"));
}

TEST_F(WordCounter, AForeignFileIsNotOverwritten) {
  std::filesystem::create_directories(dir_ / "counts");
  for (const char* content :
       {"", "my diary", "{}", "[1]", R"({"sequence_number":1,"sub_sequence_number":0,"words":{}})",
        R"({"sequence_number":"1","sub_sequence_number":0,"words":{"a":-1}})",
        R"({"sequence_number":"1","sub_sequence_number":1e-2147483648,"words":{}})"}) {
    std::ofstream(file()) << content;
    Instance instance(config());
    EXPECT_EQ(instance.status, KCLHOST_FAILED) << content;
    EXPECT_THAT(instance.error.message, HasSubstr("holds no word counts: move it away"));
    EXPECT_EQ(written(), content);
  }
}

TEST_F(WordCounter, AWrongConfigIsRefused) {
  const std::vector<std::pair<std::string, const char*>> cases{
      {R"({"outptu_dir": "x"})", "plugin.config.outptu_dir is unknown; there are output_dir, "},
      {R"({"output_dir": 3})", "output_dir must be"},
      {R"({"output_dir": ""})", "output_dir must be"},
      {R"({"top": 0.)" + std::string(400, '0') + "1e-2147483639}", "top must be"},
      {R"({"top": 1E+00000000000000000000400})", "top must be"},
      {R"({"top": -1})", "top must be"},
      {R"({"top": 1.5})", "top must be"},
      {R"({"report_interval_seconds": "10"})", "report_interval_seconds must be"},
      {R"({"report_interval_seconds": -1})", "report_interval_seconds must be"},
      {"[]", "must be a map"},
      {"{", "is no JSON text"},
  };
  for (const auto& [config, message] : cases) {
    Instance instance(config);
    EXPECT_EQ(instance.status, KCLHOST_FAILED) << config;
    EXPECT_THAT(instance.error.message, HasSubstr(message));
  }
}

}  // namespace
