// That put and replay read the same records from the same file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "json_values.hpp"
#include "put/source.hpp"
#include "replay/input.hpp"
#include "support/base64.hpp"
#include "text_file.hpp"

namespace kclhost::host {
namespace {

using ::testing::HasSubstr;

// What a command made of a file: the records' data, or its complaint without the file's name.
struct Reading {
  std::vector<std::string> data;
  std::string complaint;

  bool operator==(const Reading&) const = default;
};

std::string without_name(std::string text, const char* name) {
  for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) text.erase(at, std::string(name).size());
  return text;
}

Reading replayed(const TextFile& file, replay::Format format) {
  replay::InputOptions options;
  options.files = {file.name()};
  options.format = format;
  const auto script = replay::read_inputs(options);
  if (!script) return {{}, without_name(script.error(), file.name())};
  Reading reading;
  for (const replay::Batch& batch : script->batches) {
    rapidjson::Document document;
    document.Parse(batch.line.c_str());
    for (const auto& record : document["records"].GetArray()) {
      const std::string_view text(record["data"].GetString(), record["data"].GetStringLength());
      std::string bytes(text.size(), '\0');
      bytes.resize(base64::decode(text, bytes.data()).value());
      reading.data.push_back(std::move(bytes));
    }
  }
  return reading;
}

Reading put(const TextFile& file, put::Format format) {
  Reading reading;
  try {
    const auto source = put::file_source(file.name(), format, std::nullopt);
    while (auto record = source->next()) reading.data.push_back(std::move(record->data));
  } catch (const put::InputError& error) {
    return {{}, without_name(error.what(), file.name())};
  }
  return reading;
}

Reading both(std::string_view text, bool json = true) {
  const TextFile file(text);
  const Reading first = replayed(file, json ? replay::Format::json : replay::Format::lines);
  const Reading second = put(file, json ? put::Format::json : put::Format::lines);
  EXPECT_EQ(first.data, second.data) << text.substr(0, 200);
  // The cure names the command.
  EXPECT_EQ(first.complaint.substr(0, 25), second.complaint.substr(0, 25)) << text.substr(0, 200);
  if (json) {
    EXPECT_EQ(replayed(file, replay::Format::automatic).data, first.data) << text.substr(0, 200);
  }
  return second;
}

TEST(PutAndReplay, TakeTheSameRecordsFromJson) {
  const std::vector<std::string> two{"a", "b"};
  for (const std::string_view text : {
           "{\"text\":\"a\"}\n{\"text\":\"b\"}",
           "{\"text\":\"a\"}\r\n{\"text\":\"b\"}\r\n",
           "{\"text\":\"a\"}\r\n\r\n{\"text\":\"b\"}\r\n\r\n",
           "\n \t \n{\"text\":\"a\"}\n  \r\n{\"text\":\"b\"}",
           "\xef\xbb\xbf{\"text\":\"a\"}\n{\"text\":\"b\"}",
           "\xef\xbb\xbf\r\n{\"text\":\"a\"}\r\n{\"text\":\"b\"}\r\n",
           "{\"data\":\"YQ==\",\"partitionKey\":null,\"action\":\"record\"}\n{\"text\":\"b\",\"explicitHashKey\":null}",
           "{\"text\":\"a\",\"sequenceNumber\":\"1\",\"subSequenceNumber\":1}\n"
           "{\"text\":\"b\",\"sequenceNumber\":\"2\",\"approximateArrivalTimestamp\":null,\"explicitHashKey\":\"7\"}",
       }) {
    EXPECT_EQ(both(text), (Reading{two, ""})) << text;
  }
  EXPECT_EQ(both(""), Reading{});
  EXPECT_EQ(both("\xef\xbb\xbf"), Reading{});
}

TEST(PutAndReplay, TakeTheSameRecordsFromLines) {
  EXPECT_EQ(both("a\n\nb\r\n\n", false).data, (std::vector<std::string>{"a", "b\r"}));
  EXPECT_EQ(both("\xef\xbb\xbf"
                 "a\n",
                 false)
                .data,
            (std::vector<std::string>{"\xef\xbb\xbf"
                                      "a"}));
  EXPECT_EQ(both(std::string_view("\xff\0\n \n", 5), false).data,
            (std::vector<std::string>{std::string("\xff\0", 2), " "}));
}

TEST(PutAndReplay, RefuseTheSameWithTheSameReason) {
  for (const auto& [line, what] : std::initializer_list<std::pair<std::string, const char*>>{
           {"{\"text\":\"x\"} x", "not JSON"},
           {std::string("{\"text\":\"x\"}\0{", 14), "A NUL byte"},
           {"\xef\xbb\xbf{\"text\":\"x\"}", "not JSON"},
           {"{\"text\":null}", "text must be a string"},
           {"{\"text\":\"x\",\"partitionKey\":\"\"}", "1 to 256"},
           {"{\"text\":\"x\",\"partitionKey\":\"" + std::string(257, 'k') + "\"}", "1 to 256"},
           {"{\"text\":\"x\",\"explicitHashKey\":7}", "explicitHashKey"},
           {"{\"text\":\"x\",\"explicitHashKey\":\"340282366920938463463374607431768211456\"}", "explicitHashKey"},
           {"{\"text\":\"x\",\"sequenceNumber\":7}", "sequenceNumber"},
           {"{\"text\":\"x\",\"subSequenceNumber\":7}", "without a sequenceNumber"},
           {"{\"text\":\"x\",\"action\":\"status\"}", "unknown member"},
           {"{\"text\":\"x\",\"a\\n\\u001b[2J\":1}", "unknown member 'a\\x0a\\x1b[2J'"},
           {"{\"data\":\"Zh==\"}", "not base64"},
           {"{\"text\":\"x\",\"more\":" + test::nested_arrays() + "}", "Nested deeper"},
       }) {
    EXPECT_THAT(both("{\"text\":\"good\"}\n" + line).complaint, AllOf(HasSubstr(":2: "), HasSubstr(what))) << line;
  }
  for (const std::string& number : test::harmful_numbers()) {
    EXPECT_THAT(both("{\"text\":\"x\",\"approximateArrivalTimestamp\":" + number + "}").complaint, HasSubstr(":1: "));
  }
}

TEST(PutAndReplay, NameWhatIsCompressed) {
  using namespace std::string_view_literals;
  for (const auto& [start, cure] : std::initializer_list<std::pair<std::string_view, const char*>>{
           {"\x1f\x8b\x08\0\0\0\0\0"sv, "gzip; unpack it on the way: zcat  | kclhost put ... -"},
           {"\x28\xb5\x2f\xfd\x24\0"sv, "zstd; unpack it on the way: zstdcat"},
           {"\xfd"
            "7zXZ\0\0"sv,
            "xz; unpack it on the way: xzcat"},
           {"BZh91AY&SY\x8f"sv, "bzip2; unpack it on the way: bzcat"},
           {"PK\x03\x04\x14"sv, "zip; unpack it on the way: unzip -p"},
           {"\xff\xfe{\0"sv, "UTF-16"},
       }) {
    EXPECT_THAT(both(start).complaint, HasSubstr(cure));
    EXPECT_THAT(both(start, false).complaint, HasSubstr(cure));
  }
  EXPECT_EQ(both("BZh9 is a word\n", false).data.size(), 1u);
}

}  // namespace
}  // namespace kclhost::host
