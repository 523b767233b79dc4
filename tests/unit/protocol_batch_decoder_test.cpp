// Lines decoded while they arrive: in whatever pieces, they mean what they mean at once.
#include "protocol/batch_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core_messages.hpp"
#include "replay/daemon_lines.hpp"

namespace kclhost::protocol {
namespace {

class Pieces : public testing::Test {
 protected:
  // Decodes a line that comes in pieces of that many bytes. What is wrong with it, or "".
  std::string decode(const std::string& line, std::size_t piece) {
    decoder.begin();
    for (std::size_t size = 0; size < line.size();) {
      const std::size_t more = std::min(piece, line.size() - size);
      EXPECT_TRUE(decoder.reserve(size + more));
      std::memcpy(decoder.line() + size, line.data() + size, more);
      size += more;
      if (size < line.size()) decoder.arrived(size);
    }
    const Result<Message> message = decoder.decode(line.size());
    if (!message) return message.error();
    copy = test::copy_of(*message);
    return {};
  }

  SharedBuffer buffer;
  BatchDecoder decoder{buffer};
  test::MessageCopy copy;
};
class Arrival : public Pieces, public testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Pieces, Arrival, testing::Values(1, 7, 100, 4096, 70'000),
                         [](const auto& test) { return "Of" + std::to_string(test.param); });

test::MessageCopy parsed(const std::string& line) {
  rapidjson::Document document;
  document.Parse(line.data(), line.size());
  return test::expected_of(document);
}

std::string batch(int records, std::size_t base64_size) {
  std::string line;
  replay::begin_batch(line);
  for (int i = 0; i < records; ++i) {
    std::string data(base64_size, 'Q');
    if (base64_size != 0) data[static_cast<std::size_t>(i) % base64_size] = 'Z';
    replay::append_record({data, "key-" + std::to_string(i), std::to_string(1'000'000 + i), i % 3, 1'700'000'000'000},
                          i == 0, line);
  }
  replay::end_batch(17, line);
  line.pop_back();  // the newline
  return line;
}

TEST_P(Arrival, BatchesOfAllSizes) {
  for (const auto& [records, base64_size] :
       std::vector<std::pair<int, std::size_t>>{{0, 0}, {1, 0}, {1, 400'000}, {3, 90'000}, {500, 40}, {6'000, 4}}) {
    const std::string line = batch(records, base64_size);
    ASSERT_EQ(decode(line, GetParam()), "");
    EXPECT_EQ(copy, parsed(line)) << records << " records";
  }
}

TEST_P(Arrival, EverythingElseTheDaemonSays) {
  for (const std::string& line : test::all_daemon_lines()) {
    ASSERT_EQ(decode(line, GetParam()), "");
    EXPECT_EQ(copy, parsed(line));
  }
}

TEST_P(Arrival, RecordsThatTheDaemonWouldWriteOtherwise) {
  const std::string usual = R"({"data":"YQ==","partitionKey":"k","sequenceNumber":"7","subSequenceNumber":0})";
  for (const std::string& unusual : std::vector<std::string>{
           R"({ "data" : "YQ==", "sequenceNumber" : "8" })", R"({"sequenceNumber":"8","partitionKey":"\u00e9}"})",
           R"({"more":{"a":[{}]},"sequenceNumber":"8","data":null})"}) {
    for (const char* const blanks : {"", " "}) {
      const std::string line = std::string(R"({"action":"processRecords","records":[)") + blanks + usual + blanks +
                               "," + blanks + unusual + blanks + "," + usual + blanks + R"(],"millisBehindLatest":1})";
      ASSERT_EQ(decode(line, GetParam()), "") << line;
      EXPECT_EQ(copy, parsed(line)) << line;
    }
  }
}

TEST_F(Pieces, TheSameIsWrongAtTheSameByte) {
  const std::string line = batch(9, 40);
  const std::size_t third = line.find("key-3");
  std::vector<std::string> wrong = {line.substr(0, third), line + "}", line.substr(0, line.size() - 1)};
  for (const auto& [what, instead] :
       std::vector<std::pair<std::string, std::string>>{{"QQ", "Q?"},
                                                        {"\"},{\"data", "\"} {\"data"},
                                                        {"}],", "},],"},
                                                        {"}],", "}"},
                                                        {"\"sequenceNumber\"", "\"x\""}}) {
    wrong.push_back(line);
    wrong.back().replace(line.find(what, what == "}]," ? 0 : third), what.size(), instead);
  }
  for (const std::string& text : wrong) {
    const std::string expected = decode(text, text.size());
    EXPECT_NE(expected, "") << text;
    for (std::size_t piece = 1; piece < 200; ++piece) ASSERT_EQ(decode(text, piece), expected) << "pieces of " << piece;
  }
}

TEST_P(Arrival, GoesOnAfterTheMemoryIsGivenBack) {
  const std::string line = batch(6'000, 100);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(decode(line, GetParam()), "");
    EXPECT_EQ(copy, parsed(line));
    decoder.release();
    EXPECT_EQ(buffer.size(), 0u);
  }
}

TEST(BatchDecoder, KeepsLittleMemory) {
  SharedBuffer buffer;
  BatchDecoder decoder(buffer);
  ASSERT_TRUE(decoder.reserve(60'000));
  const std::size_t size = buffer.size();
  ASSERT_NE(size, 0u);
  decoder.release();
  EXPECT_EQ(buffer.size(), size) << "the next batch would have to get it anew";
}

}  // namespace
}  // namespace kclhost::protocol
