// The archiver as a host sees it. What it asks of the disk passes through this program, which can refuse it.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kclhost/testing.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// Of the calls that the plugin makes.
std::vector<std::string> disk_calls;
std::string refused_call;

int pass_on(const char* name, int (*call)(void*), void* arguments) {
  disk_calls.emplace_back(name);
  if (refused_call == name) {
    errno = EIO;
    return -1;
  }
  return call(arguments);
}

}  // namespace

// Found before libc's by what is loaded.
extern "C" __attribute__((visibility("default"))) int fsync(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return pass_on(
      S_ISDIR(status.st_mode) ? "sync directory" : "sync file",
      [](void* given) {
        static const auto real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fsync"));
        return real(*static_cast<int*>(given));
      },
      &fd);
}

extern "C" __attribute__((visibility("default"))) int link(const char* from, const char* to) noexcept {
  std::pair<const char*, const char*> paths{from, to};
  return pass_on(
      "link",
      [](void* given) {
        static const auto real = reinterpret_cast<int (*)(const char*, const char*)>(::dlsym(RTLD_NEXT, "link"));
        const auto& [one, other] = *static_cast<std::pair<const char*, const char*>*>(given);
        return real(one, other);
      },
      &paths);
}

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using kclhost::testing::Instance;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const kclhost_plugin& archiver() {
  static const kclhost_plugin& table = kclhost::testing::load(ARCHIVER);
  return table;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Archiver : public testing::Test {
 protected:
  Archiver() {
    char name[] = "/tmp/archiver_test.XXXXXX";
    dir_ = ::mkdtemp(name);
    host_.shard("shardId-1").config(config(""));
    disk_calls.clear();
    refused_call.clear();
  }
  ~Archiver() override {
    refused_call.clear();
    std::filesystem::remove_all(dir_);
  }

  std::string config(const std::string& more) const { return R"({"output_dir": ")" + dir_.string() + '"' + more + "}"; }
  std::string only_file() const {
    const std::vector<std::string> all = names();
    return all.size() == 1 ? content_of(dir_ / all[0]) : std::to_string(all.size()) + " files";
  }
  // Of all that is in the directory, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }

  std::filesystem::path dir_;
  Host host_;
};

TEST_F(Archiver, WritesJsonLinesAtTheShardsEnd) {
  auto instance = host_.create(archiver());
  ASSERT_TRUE(instance.created()) << instance.created().message;
  EXPECT_TRUE(instance.process_records(Batch()
                                           .record("one \"\xC3\xA9\"")
                                           .key("k")
                                           .sequence(7)
                                           .arrived(std::chrono::system_clock::time_point(std::chrono::milliseconds(5)))
                                           .record("\xFF")
                                           .sequence(7)
                                           .sub(1)
                                           .null_record()
                                           .sequence(8)));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(host_.acknowledged(), IsEmpty());
  EXPECT_TRUE(instance.shard_ended());
  EXPECT_EQ(host_.acknowledged().size(), 3u);
  EXPECT_THAT(names(), ElementsAre("shardId-1.0-of-1.7-0.8-0.jsonl"));
  const std::string begin = R"({"sequenceNumber":"7","subSequenceNumber":)";
  EXPECT_EQ(only_file(), begin +
                             R"(0,"partitionKey":"k","approximateArrivalTimestamp":5,"text":"one \"é\""})"
                             "\n" +
                             begin +
                             R"(1,"partitionKey":"key","approximateArrivalTimestamp":null,"data":"/w=="})"
                             "\n"
                             R"({"sequenceNumber":"8","subSequenceNumber":0,"partitionKey":"key",)"
                             R"("approximateArrivalTimestamp":null,"text":""})"
                             "\n");
  EXPECT_EQ(host_.counter("archived_files"), 1);
  EXPECT_EQ(host_.counter("archived_records"), 3);
  EXPECT_EQ(host_.counter("archived"), static_cast<double>(only_file().size()));
}

TEST_F(Archiver, WritesBase64WhereItIsTold) {
  auto instance = host_.config(config(R"(, "data": "base64")")).create(archiver());
  EXPECT_TRUE(instance.process_records({"", "f", "fo", "foo", "foob", "\xFB\xFF\xBE"}));
  EXPECT_TRUE(instance.shutdown_requested());
  for (const char* data : {R"("data":""})", R"("Zg=="})", R"("Zm8="})", R"("Zm9v"})", R"("Zm9vYg=="})", R"("+/++"})"}) {
    EXPECT_THAT(only_file(), HasSubstr(std::string(data) + "\n"));
  }
}

TEST_F(Archiver, RawIsTheDataByteForByte) {
  auto instance = host_.config(config(R"(, "format": "raw")")).create(archiver());
  EXPECT_TRUE(instance.process_records(Batch().record("one").record(std::string("\0\xFF\n", 3)).null_record()));
  EXPECT_TRUE(instance.shutdown_requested());
  EXPECT_THAT(names()[0], testing::EndsWith(".raw"));
  EXPECT_EQ(only_file(), std::string("one\n\0\xFF\n\n\n", 9));
}

TEST_F(Archiver, GzipIsReadByGunzip) {
  auto instance = host_.config(config(R"(, "format": "raw", "compression": "gzip")")).create(archiver());
  std::string long_one;
  for (unsigned i = 0; i < 300'000; ++i) long_one += std::to_string(i * 2654435761u);
  EXPECT_TRUE(instance.process_records(Batch().record("one").record(long_one)));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_THAT(names(), ElementsAre(testing::EndsWith(".raw.gz")));
  EXPECT_LT(only_file().size(), long_one.size());

  const gzFile file = ::gzopen((dir_ / names()[0]).c_str(), "rb");
  std::string content(long_one.size() + 100, '\0');
  content.resize(
      static_cast<std::size_t>(std::max(0, ::gzread(file, content.data(), static_cast<unsigned>(content.size())))));
  EXPECT_EQ(::gzclose(file), Z_OK) << "cut short";
  EXPECT_TRUE(content == "one\n" + long_one + "\n");
}

TEST_F(Archiver, RotatesByCount) {
  auto instance = host_.config(config(R"(, "max_records": 2)")).create(archiver());
  EXPECT_TRUE(instance.process_records({"1", "2", "3"}));
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
  EXPECT_TRUE(instance.process_records({"4", "5"}));
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(Archiver, RotatesBySize) {
  auto instance = host_.config(config(R"(, "format": "raw", "max_bytes": 6)")).create(archiver());
  EXPECT_TRUE(instance.process_records({"12", "45", "78"}));
  EXPECT_THAT(host_.acknowledged(), ElementsAre("12", "45"));
}

TEST_F(Archiver, RotatesByAge) {
  auto instance = host_.config(config(R"(, "max_age_seconds": 0.05)")).create(archiver());
  EXPECT_FALSE(instance.tick_interval()) << "an idle shard wants none";
  EXPECT_TRUE(instance.process_records({"1"}));
  ASSERT_EQ(instance.tick_interval(), std::chrono::milliseconds(50));
  while (instance.tick_interval()) EXPECT_TRUE(instance.tick());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1"));
}

TEST_F(Archiver, ATickBeforeItsTimeWritesNothing) {
  auto instance = host_.config(config(R"(, "max_age_seconds": 86400)")).create(archiver());
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(instance.tick());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Archiver, EveryReasonToFinishWrites) {
  auto instance = host_.create(archiver());
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(instance.flush());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1"));
  EXPECT_TRUE(instance.process_records({"2"}));
  EXPECT_TRUE(instance.shutdown_requested());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
  EXPECT_TRUE(instance.lease_lost());
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(Archiver, AfterALostLeaseNothingIsWritten) {
  auto instance = host_.create(archiver());
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(instance.lease_lost());
  instance.destroy();
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Archiver, AFileIsSyncedThenNamedThenItsDirectoryIsSynced) {
  auto instance = host_.create(archiver());
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(instance.shutdown_requested());
  EXPECT_THAT(disk_calls, ElementsAre("sync file", "link", "sync directory"));
}

TEST_F(Archiver, WhereTheDiskFailsNothingIsAcknowledgedAndItTriesAgain) {
  for (const char* call : {"sync file", "link", "sync directory"}) {
    Host host;
    auto instance = host.shard("shardId-1").config(config(R"(, "max_records": 1)")).create(archiver());
    refused_call = call;
    EXPECT_TRUE(instance.process_records({"1", "2"})) << "the disk's failure is not the records'";
    EXPECT_THAT(host.acknowledged(), IsEmpty()) << call;
    EXPECT_THAT(names(), IsEmpty()) << call;
    EXPECT_TRUE(instance.tick());
    EXPECT_TRUE(instance.process_records({"3"}));
    EXPECT_THAT(instance.flush().message, HasSubstr("Input/output error"));
    EXPECT_EQ(host.counter("archiver_failures"), 3);
    EXPECT_TRUE(instance.flush(kclhost::Reason::bisection)) << "no record is to blame";
    ASSERT_EQ(host.logs().size(), 1u) << "one line, not one for each try";
    EXPECT_THAT(host.logs()[0].text, HasSubstr(dir_.string()));

    refused_call.clear();
    ASSERT_TRUE(instance.tick_interval());
    EXPECT_TRUE(instance.tick());
    EXPECT_THAT(host.acknowledged(), ElementsAre("1", "2", "3"));
    ASSERT_EQ(names().size(), 1u);
    EXPECT_TRUE(host.has_logged("can be written again"));
    EXPECT_TRUE(instance.flush());
    std::filesystem::remove(dir_ / names()[0]);
  }
}

TEST_F(Archiver, NoFileIsOverwritten) {
  for (int i = 0; i < 3; ++i) {
    Host host;
    auto instance = host.shard("shardId-1").config(config(R"(, "format": "raw")")).create(archiver());
    EXPECT_TRUE(instance.process_records(Batch().record(std::to_string(i)).sequence(7)));
    EXPECT_TRUE(instance.flush());
  }
  const std::string stem = "shardId-1.0-of-1.7-0.7-0";
  EXPECT_THAT(names(), ElementsAre(stem + ".1.raw", stem + ".2.raw", stem + ".raw"));
  EXPECT_EQ(content_of(dir_ / (stem + ".raw")), "0\n");
}

TEST_F(Archiver, LanesHaveFilesOfTheirOwn) {
  auto instance = host_.lane(2, 4).create(archiver());
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(instance.flush());
  EXPECT_THAT(names()[0], StartsWith("shardId-1.2-of-4."));
}

TEST_F(Archiver, WhatADeadInstanceHeldComesAgain) {
  auto dead = host_.create(archiver());
  EXPECT_TRUE(dead.process_records({"1", "2"}));
  dead.die();
  auto next = host_.create(archiver());
  EXPECT_TRUE(next.process_records(host_.unfinished()));
  EXPECT_TRUE(next.flush());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
  EXPECT_EQ(names().size(), 1u);
}

TEST_F(Archiver, WhatADeadProcessHasLeftIsRemovedAndNothingElse) {
  const std::filesystem::path left = dir_ / ".shardId-1.17.1.partial", used = dir_ / ".shardId-1.18.1.partial";
  for (const auto& file : {left, used, dir_ / ".shardId-10.17.1.partial", dir_ / ".shardId-1.mine"})
    std::ofstream(file) << "x";
  const int fd = ::open(used.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  EXPECT_TRUE(host_.create(archiver()).created());
  EXPECT_THAT(names(), ElementsAre(".shardId-1.18.1.partial", ".shardId-1.mine", ".shardId-10.17.1.partial"));
  ::close(fd);
}

TEST_F(Archiver, AWrongConfigIsRefused) {
  const std::vector<std::pair<std::string, const char*>> cases{
      {"{}", "plugin.config.output_dir is missing"},
      {R"({"output_dir": "relative"})", "output_dir must be a path from the root"},
      {R"({"output_dir": ""})", "output_dir must be a path from the root"},
      {R"({"output_dir": "/no/such"})", "that this user can read and write: /no/such: No such file or directory"},
      {R"({"output_dir": "/dev/null"})", "that this user can read and write: /dev/null: Not a directory"},
      {config(R"(, "fromat": "raw")"), "plugin.config.fromat is unknown; there are output_dir, format, "},
      {config(R"(, "format": "xml")"), "format must be json or raw, and is \"xml\""},
      {config(R"(, "data": "hex")"), "data must be text or base64"},
      {config(R"(, "format": "raw", "data": "text")"), "data must be left out with format raw"},
      {config(R"(, "compression": "zstd")"), "compression must be none or gzip"},
      {config(R"(, "max_age_seconds": 0)"), "max_age_seconds must be from 0.01 to 86400"},
      {config(R"(, "max_age_seconds": 1e9)"), "max_age_seconds must be from 0.01 to 86400"},
      {config(R"(, "max_bytes": 0)"), "max_bytes must be 1 or more"},
      {config(R"(, "max_records": 0)"), "max_records must be 1 or more"},
  };
  for (const auto& [config, message] : cases) {
    const Instance instance = host_.config(config).create(archiver());
    EXPECT_FALSE(instance.created()) << config;
    EXPECT_THAT(instance.created().message, HasSubstr(message));
  }
}

TEST_F(Archiver, ADirectoryThatOthersOwnIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const Instance instance = host_.config(R"({"output_dir": "/proc"})").create(archiver());
  EXPECT_THAT(instance.created().message, HasSubstr("/proc: Permission denied"));
}

TEST_F(Archiver, AShardWhoseNameIsNoFilesIsRefused) {
  for (const char* shard : {"", "../x", ".x"}) {
    EXPECT_THAT(host_.shard(shard).create(archiver()).created().message, HasSubstr("makes no file name")) << shard;
  }
}

}  // namespace
