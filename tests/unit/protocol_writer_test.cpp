#include "protocol/writer.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <string>
#include <thread>

#include "core_fixtures.hpp"

namespace kclhost::host::protocol {
namespace {

// What a daemon reads when `write` has written.
template <class Write>
std::string written(Write write) {
  test::Pipe pipe;
  Writer writer(pipe.out.get());
  EXPECT_TRUE(write(writer));
  pipe.out.reset();
  return test::read_all(pipe.in.get());
}

TEST(Writer, Status) {
  EXPECT_EQ(written([](Writer& writer) { return writer.status("processRecords"); }),
            "\n{\"action\":\"status\",\"responseFor\":\"processRecords\"}\n");
}

TEST(Writer, Checkpoints) {
  EXPECT_EQ(written([](Writer& writer) { return writer.checkpoint("4959", 7); }),
            "\n{\"action\":\"checkpoint\",\"sequenceNumber\":\"4959\",\"subSequenceNumber\":7}\n");
  EXPECT_EQ(written([](Writer& writer) { return writer.checkpoint("4959", std::nullopt); }),
            "\n{\"action\":\"checkpoint\",\"sequenceNumber\":\"4959\",\"subSequenceNumber\":null}\n");
  EXPECT_EQ(written([](Writer& writer) { return writer.checkpoint(std::nullopt, std::nullopt); }),
            "\n{\"action\":\"checkpoint\",\"sequenceNumber\":null,\"subSequenceNumber\":null}\n");
}

TEST(Writer, MessagesFollowEachOther) {
  EXPECT_EQ(written([](Writer& writer) { return writer.checkpoint("1", 0) && writer.status("leaseLost"); }),
            "\n{\"action\":\"checkpoint\",\"sequenceNumber\":\"1\",\"subSequenceNumber\":0}\n"
            "\n{\"action\":\"status\",\"responseFor\":\"leaseLost\"}\n");
}

// A plugin may name anything as a sequence number; the line stays one message.
TEST(Writer, ForeignTextStaysInItsString) {
  std::string foreign = "\"\\\n\r\t\x01\x7f </script> caf\u00e9 \U0001F600";
  foreign += '\0';
  const std::string bytes = written([&](Writer& writer) { return writer.checkpoint(foreign, 0); });
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), '\n'), 2);
  rapidjson::Document message;
  message.Parse(bytes.c_str());
  ASSERT_FALSE(message.HasParseError()) << bytes;
  EXPECT_EQ(std::string(message["sequenceNumber"].GetString(), message["sequenceNumber"].GetStringLength()), foreign);
}

TEST(Writer, BytesThatAreNoTextBecomeReplacementCharacters) {
  EXPECT_EQ(written([](Writer& writer) { return writer.status("a\xff\xc3(\xed\xa0\x80z"); }),
            "\n{\"action\":\"status\",\"responseFor\":\"a\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffdz\"}\n");
}

TEST(Writer, AMessageLargerThanThePipe) {
  test::Pipe pipe;
  const std::string huge(3 << 20, '7');
  std::string got;
  std::thread daemon([&] { got = test::read_all(pipe.in.get()); });
  Writer writer(pipe.out.get());
  EXPECT_TRUE(writer.checkpoint(huge, 1));
  pipe.out.reset();
  daemon.join();
  EXPECT_EQ(got, "\n{\"action\":\"checkpoint\",\"sequenceNumber\":\"" + huge + "\",\"subSequenceNumber\":1}\n");
}

TEST(Writer, TellsThatTheDaemonIsGone) {
  test::Pipe pipe;
  pipe.in.reset();
  Writer writer(pipe.out.get());
  EXPECT_FALSE(writer.status("initialize"));
  EXPECT_FALSE(writer.checkpoint(std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace kclhost::host::protocol
