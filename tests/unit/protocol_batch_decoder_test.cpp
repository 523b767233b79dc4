// Lines decoded while they arrive: in whatever pieces, they mean what they mean at once.
#include "protocol/batch_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core_messages.hpp"

namespace kclhost::host::protocol {
namespace {

class Pieces : public testing::Test {
 protected:
  // Decodes a line that comes in pieces of that many bytes. What is wrong with it, or "".
  std::string decode(const std::string& line, std::size_t piece) {
    const Result<Message> message = test::decode_in_pieces(decoder, line, [piece] { return piece; });
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

using test::batch, test::parsed;

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

TEST_F(Pieces, LittleMemoryIsKept) {
  ASSERT_EQ(decode(batch(100, 40), 4096), "");
  const std::size_t size = buffer.size();
  ASSERT_NE(size, 0u);
  decoder.release();
  EXPECT_EQ(buffer.size(), size) << "the next batch would have to get it anew";
}

}  // namespace
}  // namespace kclhost::host::protocol
