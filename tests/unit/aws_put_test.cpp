#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include "aws_fakes.hpp"
#include "put/backoff.hpp"
#include "put/batch.hpp"
#include "put/line_reader.hpp"
#include "put/putter.hpp"
#include "put/source.hpp"
#include "support/base64.hpp"

namespace kclhost::host::put {
namespace {

using aws::Record;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Record record_of(std::size_t size, const std::string& key = "k") {
  return {std::string(size - key.size(), 'x'), key, std::nullopt, 0};
}

TEST(PutBatch, HoldsFiveHundredRecords) {
  Batch batch;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(batch.takes(record_of(10)));
    batch.add(record_of(10));
  }
  EXPECT_FALSE(batch.takes(record_of(1)));
  EXPECT_EQ(batch.take().size(), 500u);
  EXPECT_TRUE(batch.takes(record_of(1)));
}

TEST(PutBatch, HoldsTenMebibytesKeysIncluded) {
  Batch batch;
  for (int i = 0; i < 9; ++i) batch.add(record_of(1 << 20));
  batch.add(record_of((1 << 20) - 10, "key-of-9-"));
  EXPECT_TRUE(batch.takes(record_of(10, "key-of-9-")));
  EXPECT_FALSE(batch.takes(record_of(11, "key-of-9-")));
}

TEST(PutBatch, AnOversizedRecordGoesAlone) {
  Batch batch;
  batch.add(record_of(10));
  EXPECT_TRUE(batch.takes(record_of(1 << 20)));
  EXPECT_FALSE(batch.takes(record_of((1 << 20) + 1)));
  (void)batch.take();
  EXPECT_TRUE(batch.takes(record_of(7 << 20)));
  batch.add(record_of(7 << 20));
  EXPECT_FALSE(batch.takes(record_of(1)));
}

TEST(PutBackoff, DoublesUpToItsLimitWithJitter) {
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds{100}, milliseconds{350});
  for (const int most : {100, 200, 350, 350}) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, milliseconds{most / 2});
    EXPECT_LE(wait, milliseconds{most});
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds{100});
}

TEST(PutPartitionKeys, OfWords) {
  EXPECT_EQ(word_partition_key("cat"), "cat");
  EXPECT_EQ(word_partition_key("\xc3\xa9"), "\xc3\xa9");
  const std::string longest(256, 'x');
  EXPECT_EQ(word_partition_key(longest), longest);
  for (const std::string& word : {std::string(), longest + 'x', std::string("\xff"), std::string("\xc3")}) {
    EXPECT_EQ(word_partition_key(word), hashed_partition_key(word));
  }
  std::string accents;
  for (int i = 0; i < 256; ++i) accents += "\xc3\xa9";
  EXPECT_EQ(word_partition_key(accents), accents);
}

TEST(PutPartitionKeys, HashedAreTheFirstHalfOfTheSha256) {
  EXPECT_EQ(hashed_partition_key(""), "e3b0c44298fc1c149afbf4c8996fb924");
  EXPECT_NE(hashed_partition_key("a"), hashed_partition_key("b"));
}

Record parse_json_record(std::string_view line, const std::optional<std::string>& key) {
  records::JsonRecordReader reader;
  return put::parse_json_record(line, key, reader);
}

TEST(PutJsonRecord, TakesDataOrText) {
  const Record record = parse_json_record(R"({"data":"AAH/","partitionKey":"p","explicitHashKey":"12"})", "other");
  EXPECT_EQ(record.data, std::string("\0\1\xff", 3));
  EXPECT_EQ(record.partition_key, "p");
  EXPECT_EQ(record.explicit_hash_key, "12");
  EXPECT_EQ(parse_json_record(R"({"text":"\u00e9"})", "given").data, "\xc3\xa9");
  EXPECT_EQ(parse_json_record(R"({"text":"x"})", "given").partition_key, "given");
  EXPECT_EQ(parse_json_record(R"({"text":"x"})", std::nullopt).partition_key, hashed_partition_key("x"));
  EXPECT_EQ(
      parse_json_record(R"({"text":"x","sequenceNumber":"1","approximateArrivalTimestamp":null})", std::nullopt).data,
      "x");
}

TEST(PutJsonRecord, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"[1]", "no JSON object"},
      {R"({"text":"x"} x)", "not JSON"},
      {"{\"text\":\"\xff\"}", "not JSON"},
      {"{}", "neither"},
      {R"({"data":"","text":""})", "both"},
      {R"({"data":"AA"})", "not base64"},
      {R"({"data":null})", "data is null"},
      {R"({"text":7})", "text must be a string"},
      {R"({"text":"x","partitonKey":"p"})", "unknown member 'partitonKey'"},
      {R"({"text":"x","partitionKey":""})", "1 to 256"},
  };
  for (const auto& [line, what] : cases) {
    try {
      parse_json_record(line, std::nullopt);
      ADD_FAILURE() << line;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
  }
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  void write(const std::string& text) const {
    ASSERT_EQ(::write(writing.get(), text.data(), text.size()), text.size());
  }
  Fd reading;
  Fd writing;
};

TEST(PutLineReader, ReadsLinesAsTheyCome) {
  Pipe pipe;
  LineReader reader(std::move(pipe.reading), "input");
  constexpr std::chrono::milliseconds no_patience{0};
  EXPECT_FALSE(reader.ready(no_patience));
  pipe.write("one");
  EXPECT_FALSE(reader.ready(no_patience)) << "half a line is not a line";
  pipe.write("\n\ntwo\r\nla");
  EXPECT_TRUE(reader.ready(no_patience));
  EXPECT_EQ(reader.next(), "one");
  EXPECT_EQ(reader.next(), "");
  EXPECT_EQ(reader.next(), "two\r");
  EXPECT_EQ(reader.where(), "input:3");
  EXPECT_FALSE(reader.ready(no_patience));
  pipe.write(std::string(1 << 15, 's') + "t");
  pipe.writing.reset();
  EXPECT_EQ(reader.next(), "la" + std::string(1 << 15, 's') + "t");
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ready(no_patience));
}

class PutterTest : public ::testing::Test {
 protected:
  PutterTest() {
    patience_.max_attempts = 3;
    patience_.sleep = [this](std::chrono::milliseconds time) { slept_.push_back(time.count()); };
    patience_.notice = [this](const std::string& line) { notices_.push_back(line); };
  }

  // The data of each record of one request.
  std::vector<std::string> sent(std::size_t request) const {
    rapidjson::Document body;
    body.Parse(http_.requests.at(request).body.c_str());
    std::vector<std::string> data;
    for (const auto& record : body["Records"].GetArray()) {
      const std::string_view text(record["Data"].GetString(), record["Data"].GetStringLength());
      std::string bytes(text.size(), '\0');
      bytes.resize(base64::decode(text, bytes.data()).value());
      data.push_back(std::move(bytes));
    }
    return data;
  }

  void answer(const std::string& codes) {  // one letter a record: '.' taken, 't' throttled, 'i' internal, 'k' refused
    std::string records;
    int failed = 0;
    for (const char code : codes) {
      if (!records.empty()) records += ',';
      failed += code != '.';
      records += code == '.'   ? R"({"SequenceNumber":"1","ShardId":"s"})"
                 : code == 't' ? R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow down"})"
                 : code == 'i' ? R"({"ErrorCode":"InternalFailure","ErrorMessage":"oops"})"
                               : R"({"ErrorCode":"KMSDisabledException","ErrorMessage":"key is off"})";
    }
    http_.script.push_back(
        {200, "{\"FailedRecordCount\":" + std::to_string(failed) + ",\"Records\":[" + records + "]}"});
  }

  void answer_error(long status, const std::string& code) {
    http_.script.push_back({status, "{\"__type\":\"com.amazonaws#" + code + "\",\"message\":\"because\"}"});
  }

  void put(const std::vector<std::string>& data) {
    for (const std::string& one : data) putter_.add({one, "k", std::nullopt});
    putter_.flush();
  }

  std::string failure(const std::vector<std::string>& data) {
    try {
      put(data);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no failure";
  }

  aws::ScriptedHttp http_;
  aws::CredentialChain credentials_{
      aws::fake_environment({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}, {"AWS_SESSION_TOKEN", "T"}}),
      http_, "us-east-1"};
  aws::Kinesis kinesis_{http_, credentials_, "us-east-1", "http://kinesis"};
  std::vector<long> slept_;
  std::vector<std::string> notices_;
  Patience patience_;
  Putter putter_{kinesis_, "words",
                 Patience{3, [this](auto time) { slept_.push_back(time.count()); },
                          [this](const std::string& line) { notices_.push_back(line); }}};
};

TEST_F(PutterTest, SendsTheRequestKinesisExpects) {
  answer(".");
  putter_.add({"data", "key", "99"});
  putter_.flush();
  const aws::HttpRequest& request = http_.requests.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body,
            R"({"StreamName":"words","Records":[{"Data":"ZGF0YQ==","PartitionKey":"key","ExplicitHashKey":"99"}]})");
  EXPECT_THAT(request.headers, ElementsAre("Content-Type: application/x-amz-json-1.1",
                                           "X-Amz-Target: Kinesis_20131202.PutRecords", "X-Amz-Security-Token: T"));
}

TEST_F(PutterTest, NothingToFlushIsNoRequest) {
  putter_.flush();
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(PutterTest, SendsAgainOnlyWhatWasRefused) {
  answer(".t.i");
  answer("t.");
  answer(".");
  put({"a", "b", "c", "d"});
  EXPECT_THAT(sent(0), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(sent(1), ElementsAre("b", "d"));
  EXPECT_THAT(sent(2), ElementsAre("b"));
  EXPECT_EQ(putter_.accepted(), 4u);
  EXPECT_EQ(putter_.resent(), 3u);
  EXPECT_EQ(slept_.size(), 2u);
  EXPECT_TRUE(notices_.empty());
}

TEST_F(PutterTest, GivesUpWhenNothingGetsDone) {
  answer(".tt");
  answer(".t");  // progress: the count begins anew
  answer("t");
  answer("t");
  answer("t");
  EXPECT_THAT(failure({"a", "b", "c"}), AllOf(HasSubstr("ProvisionedThroughputExceededException: slow down"),
                                              HasSubstr("gave up after 3 attempts")));
  EXPECT_EQ(putter_.accepted(), 2u);
  EXPECT_EQ(http_.requests.size(), 5u);
  EXPECT_EQ(notices_.size(), 1u);
}

TEST_F(PutterTest, WaitsOutWholeRequestsThatFail) {
  answer_error(400, "ProvisionedThroughputExceededException");
  answer_error(500, "InternalFailure");
  answer(".");
  put({"a"});
  http_.script.push_back({0, ""});
  http_.script.push_back({503, "<html>"});
  answer(".");
  put({"b"});
  EXPECT_EQ(putter_.accepted(), 2u);
  EXPECT_EQ(putter_.resent(), 4u);
}

TEST_F(PutterTest, DoesNotInsistOnWhatCannotPass) {
  answer_error(400, "AccessDeniedException");
  EXPECT_EQ(failure({"a"}), "AccessDeniedException: because");
  answer(".k");
  EXPECT_EQ(failure({"b", "c"}), "KMSDisabledException: key is off");
  EXPECT_EQ(putter_.accepted(), 1u);
  EXPECT_EQ(http_.requests.size(), 2u);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(PutterTest, DistrustsAnAnswerThatDoesNotMatch) {
  answer(".");
  EXPECT_THAT(failure({"a", "b"}), HasSubstr("one result for each record"));
  http_.script.push_back({200, "<html>\nhello</html>"});
  EXPECT_THAT(failure({"a"}), AllOf(HasSubstr("is the endpoint right?"), ::testing::Not(HasSubstr("\n"))));
}

TEST_F(PutterTest, LooksForCredentialsAgainWhenTheyExpired) {
  answer_error(400, "ExpiredTokenException");
  answer(".");
  put({"a"});
  answer_error(400, "ExpiredTokenException");
  answer_error(400, "ExpiredTokenException");
  EXPECT_EQ(failure({"a"}), "ExpiredTokenException: because");
}

TEST_F(PutterTest, NamesTheLineOfWhatIsRefused) {
  putter_.name_input("words.txt");
  const auto failure_of = [this] {
    for (std::size_t line = 11; line <= 14; ++line) putter_.add({"data", "k", std::nullopt, line});
    try {
      putter_.flush();
      return std::string("none");
    } catch (const PutError& error) {
      return std::string(error.what());
    }
  };
  answer(".tk.");
  EXPECT_EQ(failure_of(), "KMSDisabledException: key is off (words.txt:13)");
  http_.script.push_back({400, R"({"__type":"ValidationException","message":"1 validation error detected: Value at )"
                               R"('records.2.member.partitionKey' failed"})"});
  EXPECT_THAT(failure_of(), HasSubstr("failed (words.txt:12)"));
  answer_error(400, "AccessDeniedException");
  EXPECT_EQ(failure_of(), "AccessDeniedException: because (words.txt:11 to 14)");
  answer("..t.");
  answer("t");
  answer("t");
  answer("t");
  EXPECT_THAT(failure_of(), HasSubstr("slow down (words.txt:13); gave up after 3 attempts"));
}

TEST_F(PutterTest, SendsLessAtOnceToAServiceThatTakesLess) {
  answer_error(400, "InvalidArgumentException");
  answer(".....");
  answer(".....");
  answer(".....");
  const std::string large((1u << 20) - 1, 'x');
  for (int i = 0; i < 10; ++i) putter_.add({large, "k", std::nullopt});
  putter_.flush();
  EXPECT_EQ(putter_.accepted(), 10u);
  EXPECT_EQ(sent(0).size(), 10u);
  EXPECT_EQ(sent(1).size(), 5u);
  EXPECT_EQ(sent(2).size(), 5u);
  for (int i = 0; i < 6; ++i) putter_.add({large, "k", std::nullopt});
  EXPECT_EQ(sent(3).size(), 5u);  // without trying more first
}

TEST_F(PutterTest, NamesAClockThatIsWrong) {
  http_.script.push_back({400, R"({"__type":"InvalidSignatureException","message":"Signature expired"})",
                          aws::now() + std::chrono::minutes(42)});
  EXPECT_THAT(failure({"a"}), HasSubstr("this machine's clock is 42 minutes behind the service's"));
  http_.script.push_back({400, R"({"__type":"InvalidSignatureException","message":"no match"})", aws::now()});
  EXPECT_EQ(failure({"a"}), "InvalidSignatureException: no match");
}

TEST_F(PutterTest, NamesAStreamByItsArn) {
  answer(".");
  Putter putter(kinesis_, "arn:aws:kinesis:us-east-1:123456789012:stream/words", Patience{});
  putter.add({"a", "k", std::nullopt});
  putter.flush();
  EXPECT_THAT(http_.requests.at(0).body,
              HasSubstr(R"({"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/words")"));
}

TEST_F(PutterTest, CreatesAStreamAndWaitsForIt) {
  const auto summary = [this](const std::string& status) {
    http_.script.push_back(
        {200, R"({"StreamDescriptionSummary":{"OpenShardCount":2,"StreamStatus":")" + status + "\"}}"});
  };
  http_.script.push_back({200, ""});
  answer_error(400, "ResourceNotFoundException");
  summary("CREATING");
  summary("ACTIVE");
  EXPECT_EQ(ensure_stream(kinesis_, "words", 2, patience_), 2);
  EXPECT_EQ(http_.requests.at(0).body, R"({"StreamName":"words","ShardCount":2})");
  EXPECT_EQ(slept_.size(), 2u);

  answer_error(400, "ResourceInUseException");
  summary("UPDATING");
  EXPECT_EQ(ensure_stream(kinesis_, "words", 2, patience_), 2);

  answer_error(400, "LimitExceededException");
  answer_error(400, "LimitExceededException");
  answer_error(400, "LimitExceededException");
  EXPECT_THROW(ensure_stream(kinesis_, "words", 2, patience_), PutError);
}

TEST_F(PutterTest, SaysWhatToDoWithoutAStream) {
  answer_error(400, "ResourceNotFoundException");
  try {
    ensure_stream(kinesis_, "words", std::nullopt, patience_);
    ADD_FAILURE();
  } catch (const PutError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no stream words"), HasSubstr("--create-stream")));
  }
}

TEST_F(PutterTest, PutsWithoutTheRightToDescribe) {
  answer_error(400, "AccessDeniedException");
  EXPECT_EQ(ensure_stream(kinesis_, "words", std::nullopt, patience_), std::nullopt);
}

}  // namespace
}  // namespace kclhost::host::put
