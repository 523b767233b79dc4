// What a file's values become.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.hpp"
#include "config/units.hpp"

namespace kclhost::host::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Sets or (with nullptr) unsets an environment variable, until the end of the test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) { value != nullptr ? ::setenv(name_, value, 1) : ::unsetenv(name_); }

  const char* const name_;
  std::optional<std::string> before_;
};

Config good(const std::string& rest, const std::filesystem::path& file = "/etc/kclhost/k.yaml") {
  const Loaded loaded = parse("version: 1\nplugin: {path: a.so}\n" + rest, file);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  return loaded.config;
}

TEST(ConfigValues, DefaultsAreTheDocumentedOnes) {
  const Variable state("XDG_STATE_HOME", "/var/state");
  const Config config = good("");
  EXPECT_EQ(config.file, "/etc/kclhost/k.yaml");
  EXPECT_EQ(config.plugins_dir, "/etc/kclhost/plugins");
  EXPECT_EQ(config.state_dir, "/var/state/kclhost");
  EXPECT_EQ(config.dead_letter.path, "/var/state/kclhost/dead-letters");
  EXPECT_EQ(config.dead_letter.max_file_size, 64u << 20);
  EXPECT_EQ(config.plugin.path, "a.so");
  EXPECT_EQ(config.plugin.sha256, std::nullopt);
  EXPECT_EQ(config.plugin.config_json, "{}");
  EXPECT_EQ(config.isolation, Isolation::process);
  EXPECT_EQ(config.concurrency, 1);
  EXPECT_EQ(config.checkpoint.interval, 10s);
  EXPECT_EQ(config.checkpoint.retry.max_attempts, 5);
  EXPECT_EQ(config.checkpoint.retry.initial_backoff, 200ms);
  EXPECT_EQ(config.checkpoint.retry.max_backoff, 5s);
  EXPECT_EQ(config.on_error.retry.max_attempts, 3);
  EXPECT_EQ(config.on_error.retry.initial_backoff, 200ms);
  EXPECT_EQ(config.on_error.retry.max_backoff, 10s);
  EXPECT_TRUE(config.on_error.bisect);
  EXPECT_EQ(config.on_error.max_record_age, std::nullopt);
  EXPECT_EQ(config.on_error.then, Then::block);
  EXPECT_EQ(config.in_flight.max_bytes, 64u << 20);
  EXPECT_EQ(config.in_flight.max_records, 100'000u);
  EXPECT_EQ(config.timeouts.initialize, 60s);
  EXPECT_EQ(config.timeouts.process_records, 5min);
  EXPECT_EQ(config.timeouts.shutdown, 20s);
  EXPECT_EQ(config.worker.max_memory, std::nullopt);
  EXPECT_FALSE(config.worker.core_dumps);
  EXPECT_FALSE(config.worker.crash_payloads);
  EXPECT_FALSE(config.worker.orderly_exit);
  EXPECT_EQ(config.worker.user, std::nullopt);
  EXPECT_THAT(config.rollout.steps, ElementsAre(RolloutStep{100, true}));
  EXPECT_EQ(config.rollout.bake.time, 2min);
  EXPECT_EQ(config.rollout.bake.records, 1000u);
  EXPECT_EQ(config.rollout.undo_on.crashes, 1);
  EXPECT_EQ(config.rollout.undo_on.failures_of_new_only, 1);
  EXPECT_EQ(config.rollout.undo_on.call_longer_than, 500ms);
  EXPECT_EQ(config.rollout.undo_on.slower_than, std::nullopt);
  EXPECT_EQ(config.rollout.undo_on.more_memory_than, std::nullopt);
  EXPECT_EQ(config.rollout.keep, 5);
  EXPECT_EQ(config.log.level, LogLevel::info);
  EXPECT_EQ(config.log.format, LogFormat::json);
  EXPECT_EQ(config.log.sink, LogSink::automatic);
  EXPECT_EQ(config.log.file, "");
  EXPECT_EQ(config.log.rotate, (Rotate{64u << 20, 5}));
  EXPECT_EQ(config.metrics.listen, std::nullopt);
  EXPECT_EQ(config.metrics.stalled_after, 60s);
  EXPECT_FALSE(config.metrics.emf);
  EXPECT_EQ(config.metrics.emf_interval, 60s);
  EXPECT_EQ(config.daemon.java, "java");
  EXPECT_EQ(config.daemon.profile, Profile::steady);
  EXPECT_EQ(config.daemon.heap, std::nullopt);
  EXPECT_THAT(config.daemon.jvm_options, IsEmpty());
  EXPECT_TRUE(config.daemon.jars.empty());
  EXPECT_TRUE(config.daemon.logback.empty());
  EXPECT_TRUE(config.daemon.prime);
  EXPECT_THAT(config.daemon.properties, IsEmpty());
  EXPECT_FALSE(config.daemon.allow_unknown_properties);
}

TEST(ConfigValues, EveryKeyArrives) {
  const Loaded loaded = parse(R"(version: 1
plugins_dir: p
plugin:
  path: sub/b.so
  sha256: ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789
  config: {words: [a, b]}
isolation: none
state_dir: /var/lib/kclhost
checkpoint: {interval: 0s, retry: {max_attempts: 1, initial_backoff: 1ms, max_backoff: 2m}}
on_error:
  retry: {max_attempts: 7, initial_backoff: 3s, max_backoff: 1h}
  bisect: false
  max_record_age: 2d
  then: dead_letter
dead_letter: {path: lost, max_file_size: 10MB}
in_flight: {max_bytes: 1GiB, max_records: 1000000000}
timeouts: {initialize: 1s, process_records: 2s, shutdown: 3s}
worker: {max_memory: 512MiB, core_dumps: true, crash_payloads: true, orderly_exit: true}
rollout:
  steps: [1, 25%, 100%]
  bake: {time: 0s, records: 7}
  undo_on: {crashes: 2, failures_of_new_only: 3, call_longer_than: 700ms, slower_than: 2x, more_memory_than: 1.5x}
  keep: 9
log: {level: trace, format: text, file: logs/k.log, rotate: {size: 2KiB, keep: 9}}
metrics: {listen: "0.0.0.0:9464", stalled_after: 5s, emf: true, emf_interval: 9s}
daemon:
  java: /usr/bin/java
  profile: small
  heap: 300MiB
  jvm_options: [-Xmx512m, 12]
  jars: ../jars/
  logback: daemon/logback.xml
  prime: false
  properties: {streamName: words, maxRecords: 1000}
  allow_unknown_properties: true
)",
                              "/etc/kclhost/k.yaml");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  const Config& config = loaded.config;
  EXPECT_EQ(config.plugins_dir, "/etc/kclhost/p");
  EXPECT_EQ(config.state_dir, "/var/lib/kclhost");
  EXPECT_EQ(config.plugin.path, "sub/b.so");
  EXPECT_EQ(config.plugin.path_position.line, 4);
  EXPECT_EQ(config.plugin.path_position.column, 9);
  EXPECT_EQ(config.plugin.sha256, "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
  EXPECT_EQ(config.plugin.config_json, R"({"words":["a","b"]})");
  EXPECT_EQ(config.isolation, Isolation::none);
  EXPECT_EQ(config.checkpoint.interval, 0s);
  EXPECT_EQ(config.checkpoint.retry.max_attempts, 1);
  EXPECT_EQ(config.checkpoint.retry.initial_backoff, 1ms);
  EXPECT_EQ(config.checkpoint.retry.max_backoff, 2min);
  EXPECT_EQ(config.on_error.retry.max_attempts, 7);
  EXPECT_EQ(config.on_error.retry.initial_backoff, 3s);
  EXPECT_EQ(config.on_error.retry.max_backoff, 1h);
  EXPECT_FALSE(config.on_error.bisect);
  EXPECT_EQ(config.metrics.listen, "0.0.0.0:9464");
  EXPECT_EQ(config.metrics.stalled_after, 5s);
  EXPECT_TRUE(config.metrics.emf);
  EXPECT_EQ(config.metrics.emf_interval, 9s);
  EXPECT_EQ(config.on_error.max_record_age, 48h);
  EXPECT_EQ(config.on_error.then, Then::dead_letter);
  EXPECT_EQ(config.dead_letter.path, "/var/lib/kclhost/lost");
  EXPECT_EQ(config.dead_letter.max_file_size, 10'000'000u);
  EXPECT_EQ(config.in_flight.max_bytes, 1u << 30);
  EXPECT_EQ(config.in_flight.max_records, 1'000'000'000u);
  EXPECT_EQ(config.timeouts.initialize, 1s);
  EXPECT_EQ(config.timeouts.process_records, 2s);
  EXPECT_EQ(config.timeouts.shutdown, 3s);
  EXPECT_EQ(config.worker.max_memory, 512u << 20);
  EXPECT_TRUE(config.worker.core_dumps);
  EXPECT_TRUE(config.worker.crash_payloads);
  EXPECT_TRUE(config.worker.orderly_exit);
  EXPECT_THAT(config.rollout.steps, ElementsAre(RolloutStep{1, false}, RolloutStep{25, true}, RolloutStep{100, true}));
  EXPECT_EQ(config.rollout.bake.time, 0s);
  EXPECT_EQ(config.rollout.bake.records, 7u);
  EXPECT_EQ(config.rollout.undo_on.crashes, 2);
  EXPECT_EQ(config.rollout.undo_on.failures_of_new_only, 3);
  EXPECT_EQ(config.rollout.undo_on.call_longer_than, 700ms);
  EXPECT_EQ(config.rollout.undo_on.slower_than, 2.0);
  EXPECT_EQ(config.rollout.undo_on.more_memory_than, 1.5);
  EXPECT_EQ(config.rollout.keep, 9);
  EXPECT_EQ(config.log.level, LogLevel::trace);
  EXPECT_EQ(config.log.format, LogFormat::text);
  EXPECT_EQ(config.log.file, "/etc/kclhost/logs/k.log");
  EXPECT_EQ(config.log.rotate, (Rotate{2048, 9}));
  EXPECT_EQ(config.daemon.java, "/usr/bin/java");
  EXPECT_EQ(config.daemon.profile, Profile::small);
  EXPECT_EQ(config.daemon.heap, 300u << 20);
  EXPECT_THAT(config.daemon.jvm_options, ElementsAre("-Xmx512m", "12"));
  EXPECT_EQ(config.daemon.jars, "/etc/jars");
  EXPECT_EQ(config.daemon.logback, "/etc/kclhost/daemon/logback.xml");
  EXPECT_FALSE(config.daemon.prime);
  EXPECT_THAT(config.daemon.properties, ElementsAre(Pair("maxRecords", "1000"), Pair("streamName", "words")));
  EXPECT_TRUE(config.daemon.allow_unknown_properties);
}

TEST(ConfigValues, AShadowIsThereWhenItHasAPath) {
  const Config config = good("shadow: {path: sub/next.so, config: {words: [a]}}");
  EXPECT_TRUE(config.shadow.configured());
  EXPECT_EQ(config.shadow.path, "sub/next.so");
  EXPECT_EQ(config.shadow.config_json, R"({"words":["a"]})");
  EXPECT_EQ(config.plugin.config_json, "{}");
  EXPECT_EQ(good("shadow: {path: a.so}").shadow.config_json, "{}");
  EXPECT_FALSE(good("shadow:").shadow.configured());
  EXPECT_FALSE(good("").shadow.configured());
}

TEST(ConfigValues, EveryChoiceIsItsEnumerator) {
  const auto then = [](const char* name) { return good(std::string("on_error: {then: ") + name + "}").on_error.then; };
  EXPECT_EQ(then("block"), Then::block);
  EXPECT_EQ(then("stop"), Then::stop);
  EXPECT_EQ(then("skip"), Then::skip);
  EXPECT_EQ(then("dead_letter"), Then::dead_letter);
  const auto level = [](const char* name) { return good(std::string("log: {level: ") + name + "}").log.level; };
  EXPECT_EQ(level("trace"), LogLevel::trace);
  EXPECT_EQ(level("debug"), LogLevel::debug);
  EXPECT_EQ(level("info"), LogLevel::info);
  EXPECT_EQ(level("warn"), LogLevel::warn);
  EXPECT_EQ(level("error"), LogLevel::error);
  EXPECT_EQ(good("isolation: process").isolation, Isolation::process);
  EXPECT_EQ(good("log: {format: json}").log.format, LogFormat::json);
  EXPECT_EQ(good("log: {sink: auto}").log.sink, LogSink::automatic);
  EXPECT_EQ(good("log: {sink: stderr}").log.sink, LogSink::standard_error);
  EXPECT_EQ(good("daemon: {profile: steady}").daemon.profile, Profile::steady);
}

TEST(ConfigValues, StateDirFollowsTheEnvironment) {
  const Variable state("XDG_STATE_HOME", "relative/is/ignored");
  const Variable home("HOME", "/home/u");
  EXPECT_EQ(good("").state_dir, "/home/u/.local/state/kclhost");
  EXPECT_EQ(good("state_dir: s/").state_dir, "/etc/kclhost/s");
  EXPECT_EQ(good("state_dir: ''").state_dir, "/home/u/.local/state/kclhost");
  const Variable homeless("HOME", nullptr);
  EXPECT_EQ(good("state_dir: null").state_dir, "/tmp/kclhost-" + std::to_string(::getuid()));
}

TEST(ConfigValues, RelativeFilesAreTakenFromTheWorkingDirectory) {
  const Config config = good("daemon: {java: jdk/bin/java}", "conf/k.yaml");
  EXPECT_EQ(config.file, std::filesystem::current_path() / "conf/k.yaml");
  EXPECT_EQ(config.plugins_dir, std::filesystem::current_path() / "conf/plugins");
  EXPECT_EQ(config.daemon.java, std::filesystem::current_path() / "conf/jdk/bin/java");
}

TEST(ConfigValues, EmptySectionsAndEmptyOptionalsAreAbsent) {
  const Config config = good(
      "log:\ncheckpoint: {retry: ~}\non_error: {max_record_age: ''}\ndaemon: "
      "{jars: null, logback: '', properties: }\n");
  EXPECT_EQ(config.log.level, LogLevel::info);
  EXPECT_EQ(config.checkpoint.retry.max_attempts, 5);
  EXPECT_EQ(config.on_error.max_record_age, std::nullopt);
  EXPECT_TRUE(config.daemon.jars.empty());
  EXPECT_TRUE(config.daemon.logback.empty());
}

TEST(ConfigValues, FilesMayHaveAByteOrderMarkCrlfAliasesAndTags) {
  EXPECT_EQ(parse("\xEF\xBB\xBFversion: 1\r\nplugin: {path: a.so}\r\n", "k").problems.size(), 0u);
  EXPECT_EQ(good("on_error: {bisect: !!bool \"false\"}").on_error.bisect, false);
  EXPECT_EQ(good("on_error: {retry: &r {max_attempts: 2}}\ncheckpoint: {retry: *r}").checkpoint.retry.max_attempts, 2);
}

TEST(ConfigValues, PlainScalarsAreFineForStrings) {
  const Loaded loaded = parse("version: 1\nplugin: {path: 12}\nplugins_dir: true", "k");
  EXPECT_EQ(loaded.problems.size(), 0u);
  EXPECT_EQ(loaded.config.plugin.path, "12");
}

TEST(ConfigExpansion, FollowsTheShell) {
  const Variable set("KCLHOST_TEST_A", "a");
  const Variable empty("KCLHOST_TEST_EMPTY", "");
  const Variable unset("KCLHOST_TEST_UNSET", nullptr);
  struct {
    const char* text;
    const char* expanded;
  } const cases[] = {
      {"${KCLHOST_TEST_A}", "a"},
      {"x${KCLHOST_TEST_A}${KCLHOST_TEST_A}y", "xaay"},
      {"${KCLHOST_TEST_A:-b}", "a"},
      {"x${KCLHOST_TEST_EMPTY}", "x"},
      {"${KCLHOST_TEST_EMPTY:-b}", "b"},
      {"${KCLHOST_TEST_UNSET:-b}", "b"},
      {"${KCLHOST_TEST_UNSET:-b:-c $d}", "b:-c $d"},
      {"x${KCLHOST_TEST_UNSET:-}", "x"},
      {"$${KCLHOST_TEST_A}", "${KCLHOST_TEST_A}"},
      {"$$$${KCLHOST_TEST_A}", "$${KCLHOST_TEST_A}"},
      {"$$${KCLHOST_TEST_A}", "$a"},
      {"$KCLHOST_TEST_A 5$", "$KCLHOST_TEST_A 5$"},
      {"a$$b", "a$b"},
      {R"(${KCLHOST_TEST_UNSET:-{"a":{"b":1}}})", R"({"a":{"b":1}})"},
      {R"(${KCLHOST_TEST_A:-{"a":{"b":1}}})", "a"},
      {"x/${KCLHOST_TEST_UNSET:-{id}/sub}/y", "x/{id}/sub/y"},
      {"{${KCLHOST_TEST_UNSET:-1}}", "{1}"},
      {"{${KCLHOST_TEST_A:-{}}}", "{a}"},
      {"${KCLHOST_TEST_A}}", "a}"},
  };
  for (const auto& [text, expanded] : cases)
    EXPECT_EQ(good(std::string("daemon: {jvm_options: ['") + text + "']}").daemon.jvm_options.at(0), expanded) << text;
}

TEST(ConfigExpansion, TypesKclhostsOwnKeysAfterwards) {
  const Variable yes("KCLHOST_TEST_A", "false");
  const Variable number("KCLHOST_TEST_N", "9");
  const Config config = good(
      "on_error:\n  bisect: ${KCLHOST_TEST_A}\n  then: ${KCLHOST_TEST_UNSET:-stop}\n"
      "  retry:\n    max_attempts: ${KCLHOST_TEST_N}\n    max_backoff: ${KCLHOST_TEST_N}m\n");
  EXPECT_FALSE(config.on_error.bisect);
  EXPECT_EQ(config.on_error.then, Then::stop);
  EXPECT_EQ(config.on_error.retry.max_attempts, 9);
  EXPECT_EQ(config.on_error.retry.max_backoff, 9min);
}

TEST(ConfigValues, CombinationsThatGoTogether) {
  EXPECT_EQ(good("concurrency: 64\n").concurrency, 64);
  EXPECT_EQ(good("concurrency: 1\nisolation: none\n").concurrency, 1);
  for (const char* then : {"stop", "skip", "dead_letter"}) {
    EXPECT_EQ(good("on_error: {max_record_age: 24h, then: " + std::string(then) + "}\n").on_error.max_record_age, 24h);
  }
  EXPECT_EQ(good("worker: {max_memory: ''}\n").worker.max_memory, std::nullopt);
  EXPECT_EQ(good("worker: {user: ''}\n").worker.user, std::nullopt);
  EXPECT_EQ(good("worker: {user: www-data}\n").worker.user, "www-data");
  EXPECT_EQ(good("worker: {user: 65534:100}\n").worker.user, "65534:100");
}

TEST(ConfigProperties, AreTheSameFlatAndNested) {
  const char* const flat = "daemon:\n  properties:\n    fanoutConfig.consumerName: x\n    kinesisClient.a.b: 1\n";
  const char* const nested =
      "daemon:\n  properties:\n    fanoutConfig: {consumerName: x}\n    kinesisClient: {a: {b: 1}}\n";
  EXPECT_THAT(good(flat).daemon.properties,
              ElementsAre(Pair("fanoutConfig.consumerName", "x"), Pair("kinesisClient.a.b", "1")));
  EXPECT_EQ(good(nested).daemon.properties, good(flat).daemon.properties);
}

TEST(ConfigProperties, KeepTheirText) {
  const Variable unset("KCLHOST_TEST_UNSET", nullptr);
  const Config config = good(R"(
daemon:
  properties:
    AWSCredentialsProvider: DefaultCredentialsProvider
    callProcessRecordsEvenForEmptyRecordList: yes
    dynamoDBEndpoint: ''
    executableName: my own
    failoverTimeMillis: '10000'
    initialPositionInStream: trim_horizon
    kinesisClient.http[0].x: true
    kinesisEndpoint: ${KCLHOST_TEST_UNSET:-}
    metricsEnabledDimensions: [Operation, ShardId]
    regionName: ${KCLHOST_TEST_UNSET:-eu-west-1}
    staleWorkerMetricsEntryCleanupDuration: P1DT2H3M4.5S
    streamArn: null
    streamName: 007
    workerMetricsEMAAlpha: 0.50
    workerMetricsTags: [team=data, "stage=a b"]
)");
  EXPECT_THAT(config.daemon.properties,
              ElementsAre(Pair("awsCredentialsProvider", "DefaultCredentialsProvider"),
                          Pair("callProcessRecordsEvenForEmptyRecordList", "yes"), Pair("executableName", "my own"),
                          Pair("failoverTimeMillis", "10000"), Pair("initialPositionInStream", "trim_horizon"),
                          Pair("kinesisClient.http[0].x", "true"),
                          Pair("metricsEnabledDimensions", "Operation,ShardId"), Pair("regionName", "eu-west-1"),
                          Pair("staleWorkerMetricsEntryCleanupDuration", "P1DT2H3M4.5S"), Pair("streamName", "007"),
                          Pair("workerMetricsEMAAlpha", "0.50"), Pair("workerMetricsTags", "team=data,stage=a b")));
}

TEST(ConfigProperties, MayBeNegativeWhereTheDaemonCanWorkWithThat) {
  for (const char* name :
       {"maxActiveThreads", "maxLeasesForWorker", "idleTimeBetweenReadsInMillis", "logWarningForTaskAfterMillis",
        "millisBehindLatestThresholdForReducedTps", "shutdownGraceMillis"}) {
    for (const char* value : {"-1", "0", "8", "+8", "-2147483648"}) {
      const Config config = good(std::string("daemon: {properties: {") + name + ": '" + value + "'}}");
      EXPECT_EQ(config.daemon.properties.at(name), value) << name;
    }
  }
}

TEST(ConfigProperties, CredentialsProvidersAreFoundInAnyCase) {
  for (const char* name : {"AwsCredentialsProvider", "AWSCredentialsProvider", "AWSCREDENTIALSPROVIDER"}) {
    const Config config = good(std::string("daemon: {properties: {") + name + ": a, " + name + "DynamoDB: b, " + name +
                               "CloudWatch: c}}");
    EXPECT_THAT(config.daemon.properties,
                ElementsAre(Pair("awsCredentialsProvider", "a"), Pair("awsCredentialsProviderCloudWatch", "c"),
                            Pair("awsCredentialsProviderDynamoDB", "b")));
  }
}

// A directory with the jar of a daemon, and a configuration that names it.
class ConfigDaemonVersion : public testing::Test {
 protected:
  ~ConfigDaemonVersion() override { std::filesystem::remove_all(directory_); }

  Loaded with(const std::string& jar, const std::string& daemon) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_ / "jars");
    if (!jar.empty()) std::ofstream(directory_ / "jars" / jar) << "jar";
    return parse("version: 1\nplugin: {path: a.so}\ndaemon:\n  jars: jars\n  " + daemon + "\n", directory_ / "k.yaml");
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("kclhost-version-" + std::to_string(::getpid()));
};

TEST_F(ConfigDaemonVersion, DecidesWhichPropertiesThereAre) {
  for (const char* name : {"migrateAllEntitiesToLeaseTable: true", "tableMigrationCompleteBakeTimeSeconds: 60",
                           "leaseTableScanTotalSegments: 4"}) {
    const std::string daemon = "properties:\n    streamName: s\n    " + std::string(name);
    for (const char* jar :
         {"amazon-kinesis-client-multilang-3.5.0.jar", "amazon-kinesis-client-multilang-3.5.1.jar",
          "amazon-kinesis-client-multilang-4.0.0.jar", "amazon-kinesis-client-multilang-3.10.0-SNAPSHOT.jar",
          "amazon-kinesis-client-3.1.3.jar", ""})
      EXPECT_THAT(with(jar, daemon).problems, IsEmpty()) << jar;
    for (const char* version : {"3.4.3", "3.4.0", "3.2.1", "3.1.3", "3.0.1", "2.6.0"}) {
      const auto problems = with("amazon-kinesis-client-multilang-" + std::string(version) + ".jar", daemon).problems;
      ASSERT_EQ(problems.size(), 1u) << version;
      EXPECT_EQ(problems[0].position.line, 7);
      EXPECT_EQ(problems[0].position.column, 5);
      EXPECT_THAT(problems[0].message,
                  testing::HasSubstr("the daemon " + std::string(version) + " in daemon.jars has no property"));
      EXPECT_THAT(problems[0].message, testing::EndsWith("; it came with 3.5"));
    }
  }
}

TEST_F(ConfigDaemonVersion, UnknownPropertiesAreAllowedWithAWarning) {
  const Loaded loaded = with(
      "amazon-kinesis-client-multilang-3.1.3.jar",
      "properties: {streemName: s, newList: [a, b], leaseTableScanTotalSegments: 4}\n  allow_unknown_properties: true");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.config.daemon.properties,
              ElementsAre(Pair("leaseTableScanTotalSegments", "4"), Pair("newList", "a,b"), Pair("streemName", "s")));
  ASSERT_EQ(loaded.warnings.size(), 3u);
  EXPECT_THAT(loaded.warnings[0].str(),
              testing::AllOf(testing::HasSubstr(":5:16: "), testing::HasSubstr("'streemName'"),
                             testing::HasSubstr("'streamName'")));
}

TEST(ConfigUnits, ReadWhatTheyWrite) {
  EXPECT_EQ(parse_duration("0s"), 0ms);
  EXPECT_EQ(parse_duration("36525d"), 36525 * 24h);
  EXPECT_EQ(parse_duration("36526d"), std::nullopt);
  for (const char* bad : {"", "s", "10", "1.5s", " 1s", "1s ", "1 s", "+1s", "-1s", "1S", "1sec"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_size("1KiB"), 1024u);
  EXPECT_EQ(parse_size("1kB"), 1000u);
  EXPECT_EQ(parse_size("18446744073709551615B"), UINT64_MAX);
  EXPECT_EQ(parse_size("18446744073709551616B"), std::nullopt);
  EXPECT_EQ(parse_size("17179869184GiB"), std::nullopt);
  for (const char* text : {"0s", "1ms", "1500ms", "90s", "5m", "1h", "3d"})
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  for (const char* text : {"0B", "1B", "10kB", "64MiB", "10MB", "3GiB"})
    EXPECT_EQ(format_size(*parse_size(text)), text);
}

}  // namespace
}  // namespace kclhost::host::config
