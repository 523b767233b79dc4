// Every kind of mistake: where it is reported, and what the message says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "config/config.hpp"

namespace kclhost::host::config {
namespace {

using testing::HasSubstr;

struct Mistake {
  const char* name;
  std::string text;
  Position position;
  const char* message;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

std::string lines(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.str() + "\n";
  return text;
}

// A file with one mistake, in the lines after the first two.
Mistake after(const char* name, const std::string& text, Position position, const char* message) {
  return {name, "version: 1\nplugin: {path: a.so}\n" + text, position, message};
}

Mistake plugin_config(const char* name, const std::string& text, Position position, const char* message) {
  return {name, "version: 1\nplugin:\n  path: a.so\n  config: " + text, position, message};
}

Mistake property(const char* name, const std::string& text, Position position, const char* message) {
  return after(name, "daemon:\n  properties:\n    " + text, position, message);
}

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsReportedAtItsPlace) {
  ::unsetenv("KCLHOST_TEST_UNSET");
  ::setenv("KCLHOST_TEST_LATIN1", "caf\xE9", 1);
  const auto problems = parse(GetParam().text, "k.yaml").problems;
  ASSERT_EQ(problems.size(), 1u) << lines(problems);
  EXPECT_EQ(problems[0].file, "k.yaml");
  EXPECT_EQ(problems[0].position.line, GetParam().position.line) << problems[0].str();
  EXPECT_EQ(problems[0].position.column, GetParam().position.column) << problems[0].str();
  EXPECT_THAT(problems[0].message, HasSubstr(GetParam().message));
}

std::string nested(int levels) {
  return "x: " + std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

std::string alias_bomb() {
  std::string text = "version: 1\nplugin:\n  path: a.so\n  config:\n    a0: &a0 0123456789\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "    a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) text += ", " + before;
    text += "]\n";
  }
  return text;
}

const Mistake documents[] = {
    {"Empty", "", {1, 1}, "the file is empty"},
    {"OnlyComments", "# a\n# b\n", {1, 1}, "the file is empty"},
    {"EmptyDocument", "---\n", {1, 1}, "the file is empty"},
    {"List", "- version: 1\n", {1, 1}, "must be a map of keys, not a list"},
    {"Scalar", "\nkclhost\n", {2, 1}, "must be a map of keys, not a string"},
    {"TwoDocuments", "version: 1\nplugin: {path: a}\n---\nversion: 1\n", {3, 1}, "a second document begins here"},
    {"NotUtf8", "version: 1\nplugin: {path: caf\xE9}\n", {2, 19}, "not UTF-8"},
    {"Surrogate", "version: 1\nplugin: {path: \xED\xA0\x80}\n", {2, 16}, "not UTF-8"},
    {"Nul", std::string("version: 1\n\0", 12), {2, 1}, "not UTF-8"},
    {"BadIndentation", "version: 1\nplugin:\n  path: a\n path: b\n", {4, 2}, "indent this line"},
    {"Tab", "version: 1\nplugin:\n\tpath: a\n", {3, 6}, "spaces, not tabs"},
    {"OpenBracket", "version: 1\nplugin: {path: a\n", {2, 9}, "close the bracket"},
    {"OpenQuote", "version: 1\nplugin:\n  path: \"a\n", {4, 1}, "close the quotes"},
    {"OpenQuoteAtEnd", "version: 1\nplugin:\n  path: 'a", {3, 11}, "close the quotes"},
    {"ColonInValue", "version: 1\nplugin:\n  path: a: b\n", {3, 10}, "quote a value that has ': ' in it"},
    {"ReferenceInFlow",
     "version: 1\nplugin: {path: ${A}}\n",
     {2, 17},
     "inside {…} and […] a value with ${…} needs quotes"},
    {"BadEscape", "version: 1\nplugin: {path: \"\\q\"}\n", {2, 19}, "unknown escape character"},
    {"UnknownAlias", "version: 1\nplugin: *p\n", {2, 9}, "anchor is not defined"},
    {"Cycle", "version: 1\nplugin: {path: a, config: &c [1, *c]}\n", {2, 34}, "stands inside the value it refers to"},
    {"TooDeep", nested(100), {1, 103}, "deeper than 100 levels"},
    {"AliasBomb", alias_bomb(), {11, 29}, "more than 4 MiB"},
};

const Mistake names[] = {
    {"NoVersion", "plugin: {path: a.so}\n", {1, 1}, "'version' is missing; add 'version: 1'"},
    {"NoPlugin", "version: 1\n", {1, 1}, "'plugin' is missing; add 'plugin: {path: my_processor.so}'"},
    {"NoPath", "version: 1\nplugin:\n  config: {}\n", {3, 3}, "'plugin.path' is missing; add 'path: my_processor.so'"},
    {"EmptyPlugin", "version: 1\nplugin:\n", {2, 1}, "'plugin.path' is missing"},
    {"MisspeltRequired", "version: 1\nplugin: {pth: a.so}\n", {2, 10}, "in 'plugin'; did you mean 'path'?"},
    after("Misspelt", "checkpoint:\n  intervall: 10s\n", {4, 3},
          "unknown key 'intervall' in 'checkpoint'; did you mean 'interval'?"),
    after("Swapped", "timeouts: {intialize: 10s}\n", {3, 12}, "did you mean 'initialize'?"),
    after("SwappedShort", "lgo: {}\n", {3, 1}, "unknown key 'lgo'; did you mean 'log'?"),
    after("OtherCase", "Isolation: none\n", {3, 1}, "did you mean 'isolation'?"),
    after("Hyphens", "on-error: {}\n", {3, 1}, "did you mean 'on_error'?"),
    after("DeepMisspelt", "on_error:\n  retry:\n    max_atempts: 1\n", {5, 5},
          "in 'on_error.retry'; did you mean 'max_attempts'?"),
    after("WrongSection", "interval: 10s\n", {3, 1}, "did you mean checkpoint.interval?"),
    after("NothingNear", "log: {colour: red}\n", {3, 7},
          "unknown key 'colour' in 'log'; known are level, format, sink, file and rotate"),
    after("DottedKey", "log.level: info\n", {3, 1}, "unknown key 'log.level'"),
    after("Duplicate", "isolation: none\nisolation: nonsense\n", {4, 1},
          "duplicate key 'isolation'; it is already at line 3"),
    after("DuplicateQuoted", "log: {level: info, \"level\": warn}\n", {3, 20}, "duplicate key 'level'"),
    after("MergeKey", "log:\n  <<: {level: info}\n", {4, 3}, "'<<' is not part of YAML 1.2"),
    after("ListAsKey", "? [a]\n: b\n", {3, 3}, "a key must be a name, not a list"),
    after("NullAsKey", "~: b\n", {3, 1}, "a key must be a name, not nothing"),
};

const Mistake values[] = {
    {"Version2", "version: 2\nplugin: {path: a}\n", {1, 10}, "'version' must be 1"},
    {"VersionQuoted", "version: '1'\nplugin: {path: a}\n", {1, 10}, "'version' must be a whole number, without quotes"},
    {"SectionIsScalar", "version: 1\nplugin: a.so\n", {2, 9}, "'plugin' must be a map of keys, not a string"},
    after("StepsAreNoList", "rollout: {steps: 25%}\n", {3, 18}, "write [1, 25%, 100%]"),
    after("NoSteps", "rollout: {steps: []}\n", {3, 18}, "write [1, 25%, 100%]"),
    after("StepOfNothing", "rollout: {steps: [1, 0%]}\n", {3, 22}, "1% to 100%, not '0%'"),
    after("StepOfMoreThanAll", "rollout: {steps: [101%]}\n", {3, 19}, "1% to 100%, not '101%'"),
    after("StepIsWord", "rollout: {steps: [all]}\n", {3, 19}, "'rollout.steps[0]' must be a count such as 1"),
    after("RatioOfOne", "rollout: {undo_on: {slower_than: 1x}}\n", {3, 34}, "above 1, such as 2x or 1.5x, not '1x'"),
    after("RatioWithoutX", "rollout: {undo_on: {slower_than: 2}}\n", {3, 34}, "above 1, such as 2x"),
    after("SectionIsList", "log: [info]\n", {3, 6}, "'log' must be a map of keys, not a list"),
    after("StringIsMap", "plugins_dir: {a: b}\n", {3, 14}, "'plugins_dir' must be a path, not a map"),
    after("NoValue", "isolation:\nlog: {}\n", {3, 1}, "'isolation' has no value"),
    after("EmptyPath", "plugins_dir: ''\n", {3, 14}, "'plugins_dir' must not be empty"),
    {"EmptyPluginPath", "version: 1\nplugin: {path: ''}\n", {2, 16}, "'plugin.path' must not be empty"},
    {"NulInPath", "version: 1\nplugin: {path: \"a\\0b\"}\n", {2, 16}, "NUL"},
    {"ShortHash", "version: 1\nplugin: {path: a, sha256: abc}\n", {2, 27}, "64 hexadecimal digits"},
    after("BooleanQuoted", "on_error: {bisect: \"true\"}\n", {3, 20},
          "'on_error.bisect' must be true or false without quotes"),
    after("BooleanYes", "on_error: {bisect: yes}\n", {3, 20}, "must be true or false, not 'yes'"),
    after("BooleanNumber", "worker: {core_dumps: 1}\n", {3, 22}, "'worker.core_dumps' must be true or false, not '1'"),
    after("BooleanList", "worker: {core_dumps: []}\n", {3, 22}, "must be true or false, not a list"),
    after("IntegerWord", "on_error: {retry: {max_attempts: many}}\n", {3, 34}, "must be a whole number, not 'many'"),
    after("IntegerFraction", "on_error: {retry: {max_attempts: 1.5}}\n", {3, 34}, "must be a whole number, not '1.5'"),
    after("IntegerZero", "on_error: {retry: {max_attempts: 0}}\n", {3, 34}, "between 1 and 2147483647, not 0"),
    after("IntegerHuge", "checkpoint: {retry: {max_attempts: 99999999999999999999}}\n", {3, 36}, "between 1 and"),
    after("DurationNoUnit", "checkpoint: {interval: 10}\n", {3, 24}, "'checkpoint.interval' has no unit; write 10s"),
    after("DurationBadUnit", "checkpoint: {interval: 10 sec}\n", {3, 24}, "such as 200ms, 10s, 5m or 1h, not '10 sec'"),
    after("DurationNegative", "checkpoint: {interval: -1s}\n", {3, 24}, "not '-1s'"),
    after("DurationOverflow", "checkpoint: {interval: 999999999999999999h}\n", {3, 24},
          "must be a whole number with a unit"),
    after("DurationZero", "timeouts: {shutdown: 0s}\n", {3, 22}, "'timeouts.shutdown' must be longer than 0"),
    after("AgeZero", "on_error: {max_record_age: 0h}\n", {3, 28}, "'on_error.max_record_age' must be longer than 0"),
    after("SizeNoUnit", "dead_letter: {max_file_size: 1048576}\n", {3, 30},
          "a unit, such as 64MiB or 10MB, not '1048576'"),
    after("SizeOverflow", "dead_letter: {max_file_size: 99999999999GiB}\n", {3, 30},
          "must be a whole number with a unit"),
    after("SizeHuge", "in_flight: {max_bytes: 8GiB}\n", {3, 24}, "must be at most 1GiB, not '8GiB'"),
    after("SizeTiny", "dead_letter: {max_file_size: 10B}\n", {3, 30}, "must be at least 1KiB, not '10B'"),
    after("MemoryTiny", "worker: {max_memory: 1MiB}\n", {3, 22},
          "'worker.max_memory' must be at least 16MiB, not '1MiB'"),
    after("ConcurrencyHigh", "concurrency: 65\n", {3, 14}, "'concurrency' must be between 1 and 64, not 65"),
    after("UserNumber", "worker: {user: 65534}\n", {3, 16},
          "must be a user's name, or UID:GID, such as nobody or 65534:65534, not"),
    after("UserNobodysNumbers", "worker: {user: '65534:4294967295'}\n", {3, 16}, "must be a user's name, or UID:GID"),
    after("UserAndGroup", "worker: {user: 'nobody:nogroup'}\n", {3, 16}, "must be a user's name, or UID:GID"),
    after("UserInHost", "worker: {user: nobody}\nisolation: none\n", {3, 16},
          "'worker.user' needs worker processes; set isolation: process"),
    after("ConcurrencyInHost", "concurrency: 2\nisolation: none\n", {3, 14}, "needs worker processes"),
    after("FileAndStandardError", "log: {file: k.log, sink: stderr}\n", {3, 13}, "exclude each other"),
    after("NoFiles", "log: {file: k.log, rotate: {keep: 0}}\n", {3, 35}, "must be between 1 and 1000"),
    after("AgeAndBlock", "on_error: {max_record_age: 1h}\n", {3, 28}, "needs another 'on_error.then'"),
    after("Backoffs", "on_error:\n  retry:\n    initial_backoff: 20s\n", {5, 22},
          "max_backoff' (10s) must not be less than initial_backoff (20s)"),
    after("AgeWithBlock", "on_error:\n  max_record_age: 24h\n", {4, 19},
          "block never gives a record up; set then: skip or dead_letter"),
    after("AgeWithBlockWritten", "on_error: {then: block, max_record_age: 24h}\n", {3, 41},
          "block never gives a record up"),
    after("ConcurrencyInside", "isolation: none\nconcurrency: 2\n", {4, 14},
          "'concurrency' above 1 needs worker processes; set isolation: process"),
    after("ConcurrencyTooHigh", "concurrency: 65\n", {3, 14}, "must be between 1 and 64, not 65"),
    after("ConcurrencyNone", "concurrency: 0\n", {3, 14}, "must be between 1 and 64, not 0"),
    after("MemoryTooLow", "worker: {max_memory: 1MiB}\n", {3, 22}, "must be at least 16MiB, not '1MiB'"),
    after("BackoffsBoth", "checkpoint: {retry: {initial_backoff: 2s, max_backoff: 1s}}\n", {3, 56},
          "'checkpoint.retry.max_backoff' (1s)"),
    after("Choice", "on_error: {then: dead-letter}\n", {3, 18},
          "must be block, stop, skip or dead_letter, not 'dead-letter'; did you mean 'dead_letter'?"),
    after("NoPort", "metrics: {listen: 127.0.0.1}\n", {3, 19}, "must be an address and a port"),
    after("PortTooLarge", "metrics: {listen: '127.0.0.1:65536'}\n", {3, 19}, "must be an address and a port"),
    after("ListenOnAName", "metrics: {listen: 'example.com:80'}\n", {3, 19}, "must be an address and a port"),
    after("ListenOnHalfOfV6", "metrics: {listen: '[::1:80'}\n", {3, 19}, "must be an address and a port"),
    after("ChoiceFar", "log: {level: loud}\n", {3, 14}, "must be trace, debug, info, warn or error, not 'loud'"),
    after("OptionsString", "daemon: {jvm_options: -Xmx512m}\n", {3, 23}, "must be a list, not a string"),
    after("OptionsNested", "daemon: {jvm_options: [-Xmx512m, [a]]}\n", {3, 34},
          "'daemon.jvm_options[1]' must be a string, not a list"),
    after("Tag", "isolation: !mine none\n", {3, 12}, "'isolation' has the tag !mine"),
    after("AliasedWrongly", "log: {level: &l info}\nisolation: *l\n", {4, 12},
          "'isolation' must be process or none, not 'info'"),
};

const Mistake references[] = {
    after("Unset", "plugins_dir: a/${KCLHOST_TEST_UNSET}/b\n", {3, 16},
          "KCLHOST_TEST_UNSET is not set; set it, or write ${KCLHOST_TEST_UNSET:-default}"),
    after("UnsetInQuotes", "plugins_dir: \"\\t$${x}/${KCLHOST_TEST_UNSET}\"\n", {3, 23}, "is not set"),
    after("UnsetSecond", "plugins_dir: ${KCLHOST_TEST_UNSET:-a}/${KCLHOST_TEST_UNSET}\n", {3, 39}, "is not set"),
    after("UnsetInBlock", "plugins_dir: >-\n  a\n  b/${KCLHOST_TEST_UNSET}\n", {5, 5}, "is not set"),
    after("UnsetInList", "daemon:\n  jvm_options:\n    - -Xmx1g\n    - -D${KCLHOST_TEST_UNSET}\n", {6, 9},
          "is not set"),
    after("Unclosed", "plugins_dir: a${HOME\n", {3, 15}, "'${' without its '}'"),
    after("BraceUnclosed", "plugins_dir: 'a${A:-{}'\n", {3, 16}, "braces in a default come in pairs"),
    after("BraceUnopened", "plugins_dir: 'a${A:-b}}'\n", {3, 16},
          "'${A:-b}' is followed by a '}' without its '{'; braces in a default come in pairs"),
    plugin_config("BraceInQuotes", "'${A:-{\"a\":\"}\"}}'\n", {4, 12}, "braces in a default come in pairs"),
    after("NoName", "plugins_dir: ${}\n", {3, 14}, "neither ${NAME} nor ${NAME:-default}"),
    after("BadName", "plugins_dir: ${A-b}\n", {3, 14}, "'${A-b}' is neither"),
    after("Nested", "plugins_dir: ${A:-${B}}\n", {3, 14}, "neither"),
    after("Latin1", "plugins_dir: ${KCLHOST_TEST_LATIN1}\n", {3, 14}, "KCLHOST_TEST_LATIN1 is not UTF-8"),
    plugin_config("InConfig", "{a: [1, \"${KCLHOST_TEST_UNSET}\"]}\n", {4, 20}, "is not set"),
    property("InProperty", "streamName: x-${KCLHOST_TEST_UNSET}\n", {5, 19}, "is not set"),
};

const Mistake odd_characters[] = {
    after("NoBreakSpaceInValue", "isolation:\u00A0none\n", {3, 1},
          "this line has a no-break space (U+00A0) in it: type a plain space"),
    after("NoBreakSpaceBehindValue", "isolation: none\u00A0\n", {3, 12},
          "'isolation' has a no-break space (U+00A0) in it"),
    after("NoBreakSpaceInKey", "log:\n  le\u00A0vel: info\n", {4, 3}, "a no-break space (U+00A0)"),
    after("ZeroWidthInKey", "iso\u200Blation: none\n", {3, 1}, "an invisible character (U+200B) in it: remove it"),
    after("ZeroWidthInPath", "plugins_dir: a\u200Bb\n", {3, 14}, "'plugins_dir' has an invisible character (U+200B)"),
    after("ByteOrderMarkInside", "plugins_dir: \uFEFFa\n", {3, 14}, "a byte order mark (U+FEFF)"),
    after("TypographicQuotes", "plugins_dir: \u201Ca\u201D\n", {3, 14},
          "a typographic quote (U+201C) in it; type a plain quote"),
    after("TypographicQuotesInFlow", "log: {level: \u2018info\u2019}\n", {3, 14}, "a typographic quote (U+2018)"),
    property("TypographicQuotesInProperty", "streamName: \u201Cwords\u201D\n", {5, 17}, "a typographic quote (U+201C)"),
    property("NoBreakSpaceInProperty", "stream\u00A0Name: words\n", {5, 5}, "a no-break space (U+00A0)"),
};

const Mistake json[] = {
    plugin_config("Infinity", "[.inf]\n", {4, 12}, "JSON has no .inf; quote it"),
    plugin_config("NotANumber", "{a: .NaN}\n", {4, 15}, "JSON has no .NaN"),
    plugin_config("HugeHex", "{a: 0x10000000000000000}\n", {4, 15}, "more than 64 bits; write it in decimal"),
    plugin_config("LocalTag", "{a: !secret x}\n", {4, 15}, "the tag !secret does not fit here"),
    plugin_config("BinaryTag", "{a: !!binary aGk=}\n", {4, 15}, "the tag !!binary does not fit here"),
    plugin_config("WrongTag", "{a: !!int x}\n", {4, 15}, "!!int does not fit 'x'"),
    plugin_config("TagOfMap", "!!seq {a: b}\n", {4, 11}, "the tag !!seq does not fit here"),
    plugin_config("Duplicate", "{1: a, '1': b}\n", {4, 18}, "duplicate key '1'"),
};

const Mistake properties[] = {
    property("Misspelt", "streemName: words\n", {5, 5},
             "the daemon has no property 'streemName' and would ignore it silently; did you mean 'streamName'?"),
    property("WrongCase", "kinesisEndPoint: http://a\n", {5, 5}, "did you mean 'kinesisEndpoint'?"),
    property("FarOff", "colour: red\n", {5, 5}, "no property 'colour'"),
    property("NestedMisspelt", "fanoutConfig: {consumerNam: x}\n", {5, 20},
             "did you mean 'fanoutConfig.consumerName'?"),
    property("FlatMisspelt", "fanoutConfig.consumerNam: x\n", {5, 5}, "did you mean 'fanoutConfig.consumerName'?"),
    property("GroupMisspelt", "KinesisClient.endpointOverride: x\n", {5, 5}, "did you mean 'kinesisClient'?"),
    property("GroupScalar", "fanoutConfig: x\n", {5, 19}, "must be a map of its properties"),
    property("BuilderScalar", "kinesisClient: x\n", {5, 20}, "must be a map of its properties"),
    property("BadBean", "kinesisClient.a b: x\n", {5, 5}, "no property 'kinesisClient.a b'"),
    property("MapForScalar", "streamName: {a: b}\n", {5, 17},
             "'daemon.properties.streamName' must be a single value, not a map"),
    property("ListForScalar", "streamName: [a]\n", {5, 17}, "must be a single value, not a list"),
    property("TwoSpellings", "fanoutConfig: {consumerName: x}\n    fanoutConfig.consumerName: y\n", {6, 5},
             "duplicate property 'fanoutConfig.consumerName'; it is already at line 5"),
    property("TwoCases", "AWSCredentialsProvider: A\n    awsCredentialsProvider: B\n", {6, 5},
             "duplicate property 'awsCredentialsProvider'"),
    property("Boolean", "callProcessRecordsEvenForEmptyRecordList: maybe\n", {5, 47},
             "must be true or false, not 'maybe'"),
    property("Int", "maxRecords: 10s\n", {5, 17},
             "must be a whole number from 0 to 2147483647, without unit, not '10s'"),
    property("IntTooBig", "maxRecords: 2147483648\n", {5, 17}, "must be a whole number"),
    property("IntNegative", "maxRecords: -1\n", {5, 17}, "must be a whole number"),
    property("IntHex", "maxRecords: 0x10\n", {5, 17}, "must be a whole number"),
    property("Long", "failoverTimeMillis: 10s\n", {5, 25}, "must be a whole number from 0 on, without unit"),
    property("Double", "workerMetricsEMAAlpha: half\n", {5, 28}, "must be a number from 0 on"),
    property("DoubleNan", "workerMetricsEMAAlpha: nan\n", {5, 28}, "must be a number from 0 on"),
    property("Position", "initialPositionInStream: TRIM_HORIZONT\n", {5, 30},
             "must be LATEST or TRIM_HORIZON, not 'TRIM_HORIZONT'; did you mean 'TRIM_HORIZON'?"),
    property("Retrieval", "retrievalMode: FAN_OUT\n", {5, 20},
             "must be DEFAULT, POLLING or FANOUT, not 'FAN_OUT'; did you mean 'FANOUT'?"),
    property("Metrics", "metricsLevel: ALL\n", {5, 19}, "must be NONE, SUMMARY or DETAILED"),
    property("Billing", "workerMetricsBillingMode: FREE\n", {5, 31}, "must be PAY_PER_REQUEST or PROVISIONED"),
    property("ClientVersion", "clientVersionConfig: 3X\n", {5, 26}, "must be CLIENT_VERSION_CONFIG_3X or"),
    property("Region", "regionName: US East\n", {5, 17}, "must be a region's name"),
    property("Endpoint", "kinesisEndpoint: localhost:4566\n", {5, 22}, "must be a URL with its scheme"),
    property("Duration", "staleWorkerMetricsEntryCleanupDuration: 30m\n", {5, 45},
             "must be an ISO 8601 duration, such as PT30M"),
    property("Timestamp", "initialPositionInStreamExtended: 2024-01-31\n", {5, 38}, "seconds since the epoch"),
    property("Tags", "workerMetricsTags: team\n", {5, 24}, "must be key=value"),
    property("Strings", "metricsEnabledDimensions: 'a,,b'\n", {5, 31}, "must be a list, or names separated by commas"),
    property("Object", "shardPrioritization: x\n", {5, 26}, "can't be set in a properties file"),
    after("PropertiesList", "daemon: {properties: [a]}\n", {3, 22},
          "must be a map of the daemon's properties, not a list"),
};

const auto mistake_name = [](const testing::TestParamInfo<Mistake>& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Documents, ConfigMistake, testing::ValuesIn(documents), mistake_name);
INSTANTIATE_TEST_SUITE_P(Names, ConfigMistake, testing::ValuesIn(names), mistake_name);
INSTANTIATE_TEST_SUITE_P(Values, ConfigMistake, testing::ValuesIn(values), mistake_name);
INSTANTIATE_TEST_SUITE_P(References, ConfigMistake, testing::ValuesIn(references), mistake_name);
INSTANTIATE_TEST_SUITE_P(OddCharacters, ConfigMistake, testing::ValuesIn(odd_characters), mistake_name);
INSTANTIATE_TEST_SUITE_P(Json, ConfigMistake, testing::ValuesIn(json), mistake_name);
INSTANTIATE_TEST_SUITE_P(Properties, ConfigMistake, testing::ValuesIn(properties), mistake_name);

TEST(ConfigProblems, AreAllListedInTheFilesOrder) {
  ::unsetenv("KCLHOST_TEST_UNSET");
  const std::filesystem::path file = std::filesystem::path(KCLHOST_TEST_DATA) / "config" / "many.yaml";
  std::ifstream expected_file(std::filesystem::path(KCLHOST_TEST_DATA) / "config" / "many.txt");
  const std::string expected{std::istreambuf_iterator<char>(expected_file), {}};
  std::string found;
  for (Problem problem : load(file).problems) {
    EXPECT_EQ(problem.file, file.string());
    problem.file = "many.yaml";
    found += problem.str() + "\n";
  }
  EXPECT_EQ(found, expected);
}

TEST(ConfigProblems, AreOneLineEach) {
  const auto message = [](const std::string& value) {
    const auto problems = parse("version: 1\nplugin: {path: a}\nisolation: \"" + value + "\"\n", "k.yaml").problems;
    return problems.size() == 1 ? problems[0].message : "not one problem: " + lines(problems);
  };
  EXPECT_THAT(message("a\\nb\\tc\\e[2J"), HasSubstr("not 'a\\nb\\tc?[2J'"));
  EXPECT_THAT(message(std::string(79, 'x') + "\xC3\xA9" + std::string(200, 'y')),
              testing::EndsWith("not '" + std::string(79, 'x') + "…'"));
}

TEST(ConfigProblems, AreUtf8WhereYamlCppTakesACharacterApart) {
  const auto problems = parse("version: \"\\\u20ac\"\n", "k.yaml").problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message, "not valid YAML: unknown escape character: \uFFFD");
}

TEST(ConfigProblems, OddCharactersThatMayBeMeantAreWarnings) {
  const Loaded loaded = parse(
      "version: 1\nplugin:\n  path: caf\u00E9\u2019s.so\n  config:\n    text: don\u2019t\n    a\u00A0b: "
      "[\u201Cx\u201D]\n",
      "k.yaml");
  EXPECT_EQ(lines(loaded.problems), "");
  EXPECT_EQ(lines(loaded.warnings),
            "k.yaml:6:5: plugin.config has a no-break space (U+00A0) here; if it is not meant, type a plain space\n"
            "k.yaml:6:12: plugin.config has a typographic quote (U+201C) here; if it is not meant, type a plain quote, "
            "\" or '\n");
}

TEST(ConfigProblems, AnAliasRepeatsNone) {
  const auto problems = parse("version: 1\nplugin: {path: a, config: [&x .inf, *x]}\n", "k.yaml").problems;
  EXPECT_EQ(problems.size(), 2u) << lines(problems);  // two places
  ::unsetenv("KCLHOST_TEST_UNSET");
  const auto same =
      parse("version: 1\nplugin: {path: a, config: [&x '${KCLHOST_TEST_UNSET}', *x]}\n", "k.yaml").problems;
  EXPECT_EQ(same.size(), 1u) << lines(same);  // one place
}

TEST(ConfigFiles, ThatCantBeReadAreOneProblem) {
  struct {
    const char* path;
    const char* message;
  } const cases[] = {{"/nonexistent/k.yaml", "No such file"},
                     {"/tmp", "this is a directory"},
                     {"/dev/zero", "larger than 1 MiB"},
                     {"/dev/null", "the file is empty"}};
  for (const auto& [path, message] : cases) {
    const auto problems = load(path).problems;
    ASSERT_EQ(problems.size(), 1u) << path;
    EXPECT_EQ(problems[0].str().rfind(std::string(path) + ":1:1: ", 0), 0u) << problems[0].str();
    EXPECT_THAT(problems[0].message, HasSubstr(message));
  }
}

}  // namespace
}  // namespace kclhost::host::config
