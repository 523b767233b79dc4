// The sample configuration, the committed schema and the documentation agree with the table of keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "config/config.hpp"
#include "config/daemon_properties.hpp"
#include "config/json_text.hpp"
#include "config/keys.hpp"
#include "config/yaml_tree.hpp"

namespace kclhost::host::config {
namespace {

const std::filesystem::path root = std::filesystem::path(KCLHOST_TEST_DATA) / "../../..";

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

bool schema_accepts(const std::string& yaml) {
  static const rapidjson::SchemaDocument schema([] {
    rapidjson::Document document;
    document.Parse(json_schema().c_str());
    return document;
  }());
  rapidjson::Document document;
  // Unexpanded, as an editor sees it: $$ keeps a reference from being one.
  std::string escaped = yaml;
  for (std::size_t at = 0; (at = escaped.find("${", at)) != std::string::npos; at += 3) escaped.insert(at, "$");
  const Tree unexpanded = parse_yaml(escaped, "k");
  document.Parse(to_json(unexpanded.root, unexpanded.source, [](Position, std::string) {}).c_str());
  rapidjson::SchemaValidator validator(schema);
  return document.Accept(validator);
}

TEST(ConfigSample, LoadsWithoutProblems) {
  for (const char* name :
       {"KCLHOST_PLUGINS_DIR", "KCLHOST_STATE_DIR", "KCLHOST_JARS", "KCLHOST_STREAM", "KCLHOST_APPLICATION",
        "AWS_REGION", "KCLHOST_KINESIS_ENDPOINT", "KCLHOST_DYNAMODB_ENDPOINT"})
    ::unsetenv(name);
  const Loaded loaded = load(root / "config" / "kclhost.yaml");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  const auto here = std::filesystem::absolute(root).lexically_normal();
  EXPECT_EQ(loaded.config.plugins_dir, here / "build/release/plugins");
  EXPECT_EQ(loaded.config.plugin.path, "word_counter.so");
  EXPECT_EQ(loaded.config.daemon.jars, here / ".cache/jars");
  EXPECT_EQ(loaded.config.daemon.properties.at("streamName"), "words");
  EXPECT_EQ(loaded.config.daemon.properties.count("kinesisEndpoint"), 0u);
  EXPECT_EQ(loaded.config.log.format, LogFormat::text);
  EXPECT_TRUE(std::filesystem::exists(loaded.config.daemon.logback));
  EXPECT_TRUE(
      read(root / "config" / "kclhost.yaml").starts_with("# yaml-language-server: $schema=kclhost.schema.json\n"));
}

TEST(ConfigSample, ShowsEverySection) {
  const std::string sample = read(root / "config" / "kclhost.yaml");
  for (const Key& key : keys()) EXPECT_NE(sample.find(std::string(key.leaf()) + ":"), std::string::npos) << key.name;
}

TEST(ConfigSchema, IsTheCommittedOne) {
  EXPECT_TRUE(read(root / "config" / "kclhost.schema.json") == json_schema())
      << "to update it: kclhost schema > config/kclhost.schema.json";
}

TEST(ConfigSchema, AcceptsTheSample) {
  EXPECT_TRUE(schema_accepts(read(root / "config" / "kclhost.yaml")));
}

TEST(ConfigSchema, AgreesWithTheLoader) {
  const std::string head = "version: 1\nplugin: {path: a.so}\n";
  const char* const good[] = {
      "",
      "log:\n",
      "isolation: none",
      "isolation: '${I:-none}'",
      "checkpoint: {interval: 0s, retry: {max_attempts: 1}}",
      "on_error: {max_record_age: null, bisect: false, then: skip}",
      "on_error: {bisect: '${B:-true}'}",
      "state_dir: ''",
      "dead_letter: {max_file_size: 10MB}",
      "concurrency: 64",
      "log: {file: k.log, rotate: {size: 1KiB, keep: 1}}",
      "log: {file: null}",
      "metrics: {listen: '127.0.0.1:1'}",
      "metrics: {listen: '[::1]:65535', stalled_after: 1s}",
      "metrics: {listen: null}",
      "in_flight: {max_bytes: 1KiB, max_records: 1}",
      "worker: {max_memory: 16MiB, core_dumps: true}",
      "worker: {max_memory: null, user: nobody}",
      "worker: {user: '65534:65534'}",
      "daemon: {profile: small, heap: 32MiB, jvm_options: [-Xmx1g]}",
      "daemon: {heap: null}",
      "daemon: {properties: {streamName: a, maxRecords: 10, metricsLevel: none, fanoutConfig: {consumerName: b}}}",
      "daemon: {properties: {fanoutConfig.consumerName: b, kinesisClient.x: 1, AWSCredentialsProvider: c}}",
      "daemon: {properties: {workerMetricsTags: [a=b], maxActiveThreads: -1}}",
      "daemon: {properties: {leaseTableScanTotalSegments: 4}, allow_unknown_properties: false}",
      "daemon: {properties: {kinesisClient: {a: {b: 1}}}}"};
  for (const char* text : good) {
    EXPECT_TRUE(parse(head + text, "k").problems.empty()) << text;
    EXPECT_TRUE(schema_accepts(head + text)) << text;
  }
  const char* const bad[] = {"colour: red",
                             "isolation: maybe",
                             "checkpoint: {interval: 10}",
                             "checkpoint: {interval: 10x}",
                             "on_error: {bisect: yes}",
                             "on_error: {retry: {max_attempts: 0}}",
                             "on_error: {retry: {max_attempts: many}}",
                             "dead_letter: {max_file_size: 10}",
                             "plugins_dir: ''",
                             "concurrency: 0",
                             "concurrency: 65",
                             "reload: {watch: true}",
                             "metrics: {listen: '127.0.0.1'}",
                             "metrics: {listen: 'example.com:1'}",
                             "in_flight: {max_bytes: 1}",
                             "in_flight: {max_records: 0}",
                             "in_flight: {max_records: 1000000001}",
                             "worker: {max_memory: 1}",
                             "worker: {core_dumps: 1}",
                             "worker: {user: '65534:'}",
                             "log: [info]",
                             "isolation: null",
                             "daemon: {jvm_options: -Xmx1g}",
                             "daemon: {profile: large}",
                             "daemon: {heap: 1}",
                             "daemon: {properties: {streemName: a}}",
                             "daemon: {properties: {fanoutConfig: {consumerNam: a}}}",
                             "daemon: {properties: {maxRecords: -1}}"};
  for (const char* text : bad) {
    EXPECT_FALSE(parse(head + text, "k").problems.empty()) << text;
    EXPECT_FALSE(schema_accepts(head + text)) << text;
  }
  for (const char* text :
       {"streams: {a: {plugin: {path: b.so}}}", "plugin: {path: b.so}\nstreams: {b-1: {}, a: {concurrency: 2}}",
        "plugin: {config: {a: 1}}\nstreams: {a: {plugin: {path: b.so}}}",
        "streams: {a: {plugin: {path: b.so}, daemon: {properties: {maxRecords: 1}}}}"}) {
    EXPECT_TRUE(parse("version: 1\n" + std::string(text), "k", "a").problems.empty()) << text;
    EXPECT_TRUE(schema_accepts("version: 1\n" + std::string(text))) << text;
  }
  for (const char* text :
       {"streams: {}", "streams: null", "streams: {a: {log: {level: info}}}", "streams: {a: {state_dir: s}}",
        "streams: {a: {isolation: maybe}}", "streams: {a: {colour: red}}", "streams: {a: 1}"}) {
    EXPECT_FALSE(parse(head + text, "k", "a").problems.empty()) << text;
    EXPECT_FALSE(schema_accepts(head + text)) << text;
  }
  EXPECT_FALSE(schema_accepts("version: 1\n"));
  EXPECT_FALSE(schema_accepts("version: 2\nplugin: {path: a}\n"));
  EXPECT_FALSE(schema_accepts("version: 1\nplugin: {config: 1}\n"));
}

TEST(ConfigDocumentation, HasARowForEveryKey) {
  const std::string text = read(root / "docs" / "configuration.md");
  for (const Key& key : keys()) {
    const std::string standard = default_text(key);
    std::string row = "| `" + std::string(key.name) + "` | " + std::string(type_name(key)) + " |";
    row += standard.empty() ? "  |" : " `" + standard + "` |";
    EXPECT_NE(text.find("\n" + row + " " + std::string(key.description) + " |\n"), std::string::npos)
        << "no row: " << row << " " << key.description << " |";
  }
}

TEST(ConfigDaemonProperties, AreSorted) {
  const auto table = daemon_properties();
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const DaemonProperty& property : table) EXPECT_EQ(property_type(property.name), property.type) << property.name;
}

}  // namespace
}  // namespace kclhost::host::config
