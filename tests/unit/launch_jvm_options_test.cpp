#include "launch/jvm_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "launch/heap.hpp"

namespace kclhost::host::launch {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

config::Daemon with(std::vector<std::string> options) {
  config::Daemon daemon;
  daemon.jvm_options = std::move(options);
  return daemon;
}

TEST(JvmOptions, AreTheDefaultsBeforeTheUsersOwn) {
  EXPECT_THAT(
      jvm_options(with({"-Da=b"}), 2 * gib),
      ElementsAre("-Dfile.encoding=UTF-8", "-XX:+ExitOnOutOfMemoryError", "-Xmx512m", "-Xms32m", "-XX:+UseSerialGC",
                  "-Dsun.misc.unsafe.memory.access=allow", "-XX:Tier4InvocationThreshold=20000",
                  "-XX:Tier4MinInvocationThreshold=2400", "-XX:Tier4CompileThreshold=60000", "-Da=b"));
}

TEST(JvmOptions, OfTheSmallProfileKeepToTheFirstCompiler) {
  config::Daemon daemon;
  daemon.profile = config::Profile::small;
  EXPECT_THAT(jvm_options(daemon, gib), Contains("-XX:TieredStopAtLevel=1"));
  EXPECT_THAT(jvm_options(daemon, gib), Not(Contains(StartsWith("-XX:Tier4"))));
  daemon.jvm_options = {"-XX:-TieredCompilation"};
  EXPECT_THAT(jvm_options(daemon, gib), Not(Contains("-XX:TieredStopAtLevel=1")));
}

TEST(JvmOptions, ThatTheUserSetsAreNotSetTwice) {
  const struct {
    const char* users;
    const char* ours;
  } cases[] = {{"-Dfile.encoding=Cp1252", "-Dfile.encoding"},
               {"-XX:+CrashOnOutOfMemoryError", "-XX:+ExitOnOut"},
               {"-XX:-ExitOnOutOfMemoryError", "-XX:+ExitOnOut"},
               {"-XX:OnOutOfMemoryError=kill -9 %p", "-XX:+ExitOnOut"},
               {"-Xmx100m", "-Xmx"},
               {"-XX:MaxHeapSize=100m", "-Xmx"},
               {"-XX:MaxRAMPercentage=50", "-Xmx"},
               {"-Xms1g", "-Xms"},
               {"-XX:InitialRAMPercentage=50", "-Xms"},
               {"-Xint", "-XX:Tier4"},
               {"-XX:Tier4CompileThreshold=1", "-XX:Tier4"},
               {"-Dsun.misc.unsafe.memory.access=warn", "-Dsun.misc.unsafe"},
               {"--sun-misc-unsafe-memory-access=deny", "-Dsun.misc.unsafe"},
               {"-XX:+UseZGC", "-XX:+UseSerialGC"}};
  for (const auto& [users, ours] : cases) {
    std::vector<std::string> options = jvm_options(with({users}), gib);
    EXPECT_EQ(options.back(), users);
    options.pop_back();
    EXPECT_THAT(options, Not(Contains(StartsWith(ours)))) << users;
  }
}

TEST(JvmOptions, AreNotLeftOutForAnotherPurpose) {
  for (const char* users : {"-XX:+HeapDumpOnOutOfMemoryError", "-Dwhy=-XX:+ExitOnOutOfMemoryError"}) {
    EXPECT_THAT(jvm_options(with({users}), gib), Contains("-XX:+ExitOnOutOfMemoryError")) << users;
  }
}

TEST(HeapLimit, IsWhatTheOptionsSay) {
  const auto heap = [](std::vector<std::string> options) { return heap_of_options(with(std::move(options)), 4 * gib); };
  EXPECT_EQ(heap({"-Xmx300m"}), 300 * mib);
  EXPECT_EQ(heap({"-Xmx300M"}), 300 * mib);
  EXPECT_EQ(heap({"-Xmx2g"}), 2 * gib);
  EXPECT_EQ(heap({"-Xmx262144k"}), 256 * mib);
  EXPECT_EQ(heap({"-Xmx268435456"}), 256 * mib);
  EXPECT_EQ(heap({"-XX:MaxHeapSize=1g"}), gib);
  EXPECT_EQ(heap({"-XX:MaxRAMPercentage=12.5"}), 512 * mib);
  EXPECT_EQ(heap({"-Xmx1g", "-XX:MaxHeapSize=2g", "-Xmx300m"}), 300 * mib) << "the last one counts";
  EXPECT_EQ(heap({"-XX:MaxRAMPercentage=50", "-Xmx300m", "-XX:MaxRAMPercentage=70"}), 300 * mib)
      << "a size before a share";
  for (const char* none :
       {"-Xms1g", "-Xmx", "-Xmx1x", "-Xmx1gb", "-XX:MaxRAMPercentage=half", "-XX:MaxRAMPercentage=0"})
    EXPECT_EQ(heap({none}), std::nullopt) << none;
}

TEST(HeapLimit, IsTheConfigurationsElseAQuarterOfTheMemory) {
  config::Daemon daemon;
  EXPECT_EQ(heap_limit(daemon, 128 * mib), 64 * mib);
  EXPECT_EQ(heap_limit(daemon, gib), 256 * mib);
  EXPECT_EQ(heap_limit(daemon, 64 * gib), gib);
  daemon.profile = config::Profile::small;
  EXPECT_EQ(heap_limit(daemon, 64 * gib), 512 * mib);
  EXPECT_EQ(heap_limit(daemon, gib), 256 * mib);
  daemon.heap = 100 * mib;
  EXPECT_EQ(heap_limit(daemon, 64 * gib), 100 * mib);
  daemon.jvm_options = {"-Xmx200m"};
  EXPECT_EQ(heap_limit(daemon, 64 * gib), 200 * mib);
}

TEST(ReadsThatFit, LeaveRoomForADozenShardsWithTheDefaults) {
  for (std::uint64_t heap = 64; heap <= 4096; heap += 8) {
    const std::uint64_t records = records_a_read(heap * mib);
    EXPECT_GE(records, 200u);
    EXPECT_LE(records, 2000u);
    if (heap >= 128) {
      EXPECT_GE(shards_held(heap * mib, records), 12u) << heap;
    }
    if (records > 1000) {
      EXPECT_GE(shards_held(heap * mib, 10'000), 12u) << "records of any size, " << heap;
    }
  }
}

TEST(ReadsThatFit, AreLargerWhereTheLargestFit) {
  EXPECT_EQ(records_a_read(999 * mib), 999u);
  EXPECT_EQ(records_a_read(1000 * mib), 2000u);
  EXPECT_EQ(records_a_read(64 * gib), 2000u);
}

TEST(ReadsThatFit, KeepUpWithAFullShard) {
  for (std::uint64_t records = 200; records <= 2000; records += 50)
    EXPECT_GE(records * 1000 / pause_between_reads(records), 1000u) << records;
  EXPECT_EQ(pause_between_reads(1000), 500u);
  EXPECT_EQ(pause_between_reads(10), 200u) << "the KCL waits no shorter";
}

TEST(ReadsThatFit, BringWhatArrivesInAPauseThatIsGiven) {
  EXPECT_EQ(records_a_read(100 * mib, 1000), 2000u);
  EXPECT_EQ(records_a_read(64 * gib, 200), 2000u) << "the heap has room for them";
  EXPECT_EQ(records_a_read(100 * mib, 5001), 10'000u) << "Kinesis gives no more";
  EXPECT_EQ(records_a_read(100 * mib, std::numeric_limits<std::uint64_t>::max()), 10'000u);
  EXPECT_EQ(records_a_read(100 * mib, 0), 200u);
}

TEST(ReadsThatFit, AreNoMoreThanKinesisSends) {
  EXPECT_EQ(shards_held(512 * mib, 10'000), 6u);
  EXPECT_EQ(shards_held(512 * mib, 1'000'000), 5u);
  EXPECT_EQ(shards_held(32 * mib, 1), 0u);
}

}  // namespace
}  // namespace kclhost::host::launch
