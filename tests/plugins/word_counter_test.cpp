// The word counter as a host sees it: loaded from its file, driven with kclhost/testing.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kclhost/testing.hpp>
#include <string>
#include <utility>
#include <vector>

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using kclhost::testing::Instance;
using testing::HasSubstr;

const kclhost_plugin& word_counter() {
  static const kclhost_plugin& table = kclhost::testing::load(WORD_COUNTER);
  return table;
}

Batch one(const std::string& data, std::uint64_t sequence_number) {
  return Batch().record(data).sequence(sequence_number);
}

class WordCounter : public testing::Test {
 protected:
  WordCounter() {
    char name[] = "/tmp/word_counter_test.XXXXXX";
    dir_ = ::mkdtemp(name);
    host_.shard("shardId-1");
  }
  ~WordCounter() override { std::filesystem::remove_all(dir_); }

  std::string config() const { return R"({"output_dir": ")" + (dir_ / "counts").string() + R"("})"; }
  std::filesystem::path file(const char* name = "shardId-1.json") const { return dir_ / "counts" / name; }
  std::string written(const char* name = "shardId-1.json") const {
    std::ifstream stream(file(name));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // The report at the end.
  std::string report_of(Instance& instance) {
    const std::size_t before = host_.log_level(kclhost::LogLevel::info).logs().size();
    EXPECT_TRUE(instance.shutdown_requested());
    EXPECT_TRUE(instance.lease_lost());
    EXPECT_EQ(host_.logs().size(), before + 1) << "one report, not one per call";
    return host_.logs().back().text;
  }

  std::filesystem::path dir_;
  Host host_;
};

TEST_F(WordCounter, CountsWordsBetweenWhitespace) {
  auto instance = host_.create(word_counter());
  EXPECT_TRUE(instance.process_records({"b a\tb\n", "", "  c\r\nb"}));
  EXPECT_EQ(report_of(instance), "words shard=shardId-1 total=5 distinct=3 top: b=3 a=1 c=1");
  EXPECT_EQ(host_.counter("words_counted"), 5);
}

TEST_F(WordCounter, EachLaneHasAFileOfItsOwn) {
  Host hosts[2];
  for (unsigned lane : {0u, 1u}) hosts[lane].lane(lane, 2).config(config()).shard("shardId-1");
  auto first = hosts[0].create(word_counter()), second = hosts[1].create(word_counter());
  EXPECT_TRUE(second.process_records(one("b c", 2)));
  EXPECT_TRUE(first.process_records(one("a b", 1)));
  EXPECT_THAT(written("shardId-1.0-of-2.json"), HasSubstr(R"("total":2,"words":{"a":1,"b":1})"));
  EXPECT_THAT(written("shardId-1.1-of-2.json"), HasSubstr(R"("total":2,"words":{"b":1,"c":1})"));
  first.die();
  auto again = hosts[0].begins_at({"0", 0}).create(word_counter());
  EXPECT_TRUE(again.process_records(Batch().record("a b").sequence(1).record("a").sequence(3)));
  EXPECT_THAT(written("shardId-1.0-of-2.json"), HasSubstr(R"("total":3,"words":{"a":2,"b":1})"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(WordCounter, BinaryDataMakesWellFormedText) {
  auto instance = host_.config(config()).create(word_counter());
  EXPECT_TRUE(instance.process_records(Batch().record("\xFF\xC3\xA9\xED\xA0\x80 \xE2\x82").null_record()));
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_THAT(written(), HasSubstr('"' + bad + "\xC3\xA9" + bad + bad + bad + "\":1"));
  EXPECT_THAT(written(), HasSubstr('"' + bad + bad + "\":1"));
}

TEST_F(WordCounter, AHugeWordIsCut) {
  auto instance = host_.create(word_counter());
  EXPECT_TRUE(instance.process_records(Batch().huge_record()));
  EXPECT_EQ(report_of(instance), "words shard=shardId-1 total=1 distinct=1 top: " + std::string(256, 'x') + "=1");
}

TEST_F(WordCounter, LogsEveryRecordAtDebug) {
  auto instance = host_.create(word_counter());
  EXPECT_TRUE(instance.process_records(Batch().record("four").sequence(41).sub(2)));
  ASSERT_EQ(host_.logs().size(), 1u);
  EXPECT_EQ(host_.logs()[0].level, kclhost::LogLevel::debug);
  EXPECT_EQ(host_.logs()[0].text, "record partition_key=key sequence_number=41 sub_sequence_number=2 size=4");
  host_.log_level(kclhost::LogLevel::info);
  EXPECT_TRUE(instance.process_records(one("four", 42)));
  EXPECT_EQ(host_.logs().size(), 1u);
}

TEST_F(WordCounter, ReportsAsOftenAsItIsTold) {
  host_.config(R"({"report_interval_seconds": 0, "top": 1})").log_level(kclhost::LogLevel::info);
  auto instance = host_.create(word_counter());
  EXPECT_TRUE(instance.process_records({"a b a"}));
  EXPECT_TRUE(instance.process_records({""}));
  ASSERT_EQ(host_.logs().size(), 2u);
  EXPECT_EQ(host_.logs()[0].text, "words shard=shardId-1 total=3 distinct=2 top: a=2");

  Host patient;
  patient.config(R"({"report_interval_seconds": 3600})").log_level(kclhost::LogLevel::info);
  EXPECT_TRUE(patient.create(word_counter()).process_records({"a"}));
  EXPECT_TRUE(patient.logs().empty());
}

TEST_F(WordCounter, ARestartCountsOn) {
  host_.config(config());
  EXPECT_TRUE(
      host_.create(word_counter())
          .process_records(Batch().record("a b").sequence(9).record("a").sequence(10).record("a").sequence(10).sub(1)));
  EXPECT_EQ(written(), R"({"sequence_number":"10","sub_sequence_number":1,"total":4,"words":{"a":3,"b":1}})"
                       "\n");
  auto second = host_.begins_at({"9", 0}).create(word_counter());
  // The KCL gives again what came after the last checkpoint.
  EXPECT_TRUE(second.process_records(
      Batch().record("a").sequence(10).record("a").sequence(10).sub(1).record("a").sequence(10).sub(2)));
  EXPECT_TRUE(second.process_records(one("c", 11)));
  EXPECT_EQ(report_of(second), "words shard=shardId-1 total=6 distinct=3 top: a=4 b=1 c=1");
}

TEST_F(WordCounter, WithoutACheckpointItCountsAnew) {
  host_.config(config());
  EXPECT_TRUE(host_.create(word_counter()).process_records(one("a b", 9)));
  for (const char* start : {"TRIM_HORIZON", "AT_TIMESTAMP"}) {
    EXPECT_TRUE(host_.begins_at({start, 0}).create(word_counter()).process_records(one("c", 3)));
    EXPECT_THAT(written(), HasSubstr(R"("total":1,"words":{"c":1})")) << start;
  }
}

TEST_F(WordCounter, TakingOverReadsTheFileAtTheFirstBatch) {
  Host second;
  second.config(config()).shard("shardId-1").begins_for(kclhost::Beginning::swap);
  auto older = host_.config(config()).create(word_counter());
  auto newer = second.create(word_counter());
  EXPECT_TRUE(older.process_records(one("a", 1)));
  EXPECT_TRUE(newer.process_records(one("a", 2)));
  EXPECT_THAT(written(), HasSubstr(R"("words":{"a":2})"));
}

TEST_F(WordCounter, AfterADeathItCountsOn) {
  auto instance = host_.config(config()).create(word_counter());
  EXPECT_TRUE(instance.process_records(one("a b", 1)));
  instance.die();
  EXPECT_TRUE(host_.create(word_counter()).process_records(one("a", 2)));
  EXPECT_THAT(written(), HasSubstr(R"("total":3,"words":{"a":2,"b":1})"));
}

TEST_F(WordCounter, AFailedWriteFailsTheBatchAndCountsOnce) {
  auto instance = host_.config(config()).create(word_counter());
  std::filesystem::remove_all(dir_ / "counts");
  EXPECT_THAT(instance.process_records(one("a", 1)).message, HasSubstr(file().string()));
  std::filesystem::create_directories(dir_ / "counts");
  EXPECT_TRUE(instance.process_records(host_.unfinished()));
  EXPECT_THAT(written(), HasSubstr(R"("words":{"a":1})"));
}

TEST_F(WordCounter, AForeignFileIsNotOverwritten) {
  std::filesystem::create_directories(dir_ / "counts");
  host_.config(config());
  for (const char* content :
       {"", "my diary", "{}", "[1]", R"({"sequence_number":1,"sub_sequence_number":0,"words":{}})",
        R"({"sequence_number":"1","sub_sequence_number":0,"words":{"a":-1}})",
        R"({"sequence_number":"1","sub_sequence_number":1e-2147483648,"words":{}})"}) {
    std::ofstream(file()) << content;
    const Instance instance = host_.create(word_counter());
    EXPECT_THAT(instance.created().message, HasSubstr("holds no word counts: move it away")) << content;
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
    const Instance instance = host_.config(config).create(word_counter());
    EXPECT_FALSE(instance.created()) << config;
    EXPECT_THAT(instance.created().message, HasSubstr(message));
  }
}

}  // namespace
