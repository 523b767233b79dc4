// What is a metric, and what is none.
#include "plugin/metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kclhost::host::plugin {
namespace {

kclhost_string text(const std::string& from) {
  return {from.data(), from.size()};
}

// Its name lives as long as the program.
kclhost_metric_spec spec_of(const std::string& name, std::int32_t kind = KCLHOST_METRIC_COUNTER) {
  static std::set<std::string> names;
  kclhost_metric_spec spec{};
  spec.struct_size = sizeof spec;
  spec.kind = kind;
  spec.name = text(*names.insert(name).first);
  return spec;
}

class PluginMetrics : public testing::Test {
 protected:
  // "" when it is made or found.
  std::string refused(const kclhost_metric_spec& spec) {
    const auto made = metrics.make(spec);
    if (made) return "";
    EXPECT_EQ(made.error().find('\n'), std::string::npos) << made.error();
    return made.error();
  }
  void expect(const kclhost_metric_spec& spec, const std::string& what) {
    EXPECT_NE(refused(spec).find(what), std::string::npos) << "'" << refused(spec) << "' lacks '" << what << "'";
  }

  Metrics metrics;
};

TEST_F(PluginMetrics, TheSameNameAndLabelsAreTheSameMetric) {
  const kclhost_label labels[] = {{KCLHOST_STRING("b"), KCLHOST_STRING("2")},
                                  {KCLHOST_STRING("a"), KCLHOST_STRING("1")}},
                      swapped[] = {labels[1], labels[0]},
                      other[] = {{KCLHOST_STRING("b"), KCLHOST_STRING("3")}, labels[1]};
  kclhost_metric_spec spec = spec_of("words");
  spec.labels = labels;
  spec.label_count = 2;
  EXPECT_EQ(metrics.make(spec)->number, 0u);
  spec.labels = swapped;
  EXPECT_EQ(metrics.make(spec)->number, 0u);
  EXPECT_FALSE(metrics.make(spec)->is_new);
  spec.labels = other;
  EXPECT_EQ(metrics.make(spec)->number, 1u);
  EXPECT_EQ(metrics.make(spec_of("words"))->number, 2u);
  ASSERT_EQ(metrics.size(), 3u);
  const MetricView view(metrics[1]);
  EXPECT_EQ(std::string((*view).labels[0].name.data, 1), "a");
  EXPECT_EQ(std::string((*view).labels[1].value.data, 1), "3");
}

TEST_F(PluginMetrics, NamesAndUnits) {
  for (const char* name : {"", "Words", "9lives", "wörds", "a b", "a-b", "two\nlines"})
    expect(spec_of(name), "its name is none");
  expect(spec_of(std::string(1025, 'a')), "its name is none");
  expect(spec_of("words_total"), "leave _total out of its name");
  kclhost_metric_spec spec = spec_of("latency_seconds");
  spec.unit = KCLHOST_STRING("seconds");
  expect(spec, "leave the unit, _seconds, out of its name");
  spec = spec_of("latency");
  spec.unit = KCLHOST_STRING("Seconds");
  expect(spec, "its unit is none");
  spec.unit = KCLHOST_STRING("seconds");
  EXPECT_EQ(refused(spec), "");
  spec.name = {nullptr, 3};
  expect(spec, "its name is none");
  EXPECT_EQ(refused(spec_of("_lat3ncy")), "");
}

TEST_F(PluginMetrics, AMetricStaysWhatItWas) {
  kclhost_metric_spec spec = spec_of("depth", KCLHOST_METRIC_GAUGE);
  spec.unit = KCLHOST_STRING("bytes");
  spec.help = KCLHOST_STRING("how deep");
  const kclhost_label label{KCLHOST_STRING("a"), KCLHOST_STRING("1")};
  ASSERT_EQ(refused(spec), "");
  spec.labels = &label;
  spec.label_count = 1;
  kclhost_metric_spec other = spec;
  other.kind = KCLHOST_METRIC_COUNTER;
  expect(other, "it was made as a gauge before");
  other = spec;
  other.unit = {};
  expect(other, "its unit was 'bytes' before");
  other = spec;
  other.help = KCLHOST_STRING("how high");
  expect(other, "its help was 'how deep' before");
  EXPECT_EQ(refused(spec), "");
}

TEST_F(PluginMetrics, LabelsAndHelp) {
  const auto with = [](const kclhost_label& label) {
    kclhost_metric_spec spec = spec_of("words");
    spec.labels = &label;
    spec.label_count = 1;
    return spec;
  };
  kclhost_label label{KCLHOST_STRING("__name"), KCLHOST_STRING("1")};
  expect(with(label), "label '__name' is no name");
  label.name = KCLHOST_STRING("a-b");
  expect(with(label), "is no name");
  label.name = KCLHOST_STRING("aB_9");
  label.value = KCLHOST_STRING("\xff");
  expect(with(label), "is no UTF-8 text");
  label.value = {"a\0b", 3};
  expect(with(label), "is no UTF-8 text");
  label.value = KCLHOST_STRING("two\nlines");
  EXPECT_EQ(refused(with(label)), "");
  const std::vector<kclhost_label> nine(9, label);
  kclhost_metric_spec spec = spec_of("words");
  spec.labels = nine.data();
  spec.label_count = 9;
  expect(spec, "it has 9 labels; 8 are the most");
  spec.label_count = 2;
  expect(spec, "it has the label 'aB_9' twice");
  spec.labels = nullptr;
  expect(spec, "labels is NULL");
  spec = spec_of("words");
  spec.help = KCLHOST_STRING("two\nlines");
  expect(spec, "its help is not one line");
}

TEST_F(PluginMetrics, KindsAndSizes) {
  for (const std::int32_t kind : {-1, 3}) expect(spec_of("words", kind), "its kind is " + std::to_string(kind));
  kclhost_metric_spec spec = spec_of("words");
  spec.struct_size = 0;
  expect(spec, "has 0 bytes: set struct_size");
}

TEST_F(PluginMetrics, ThereAreNotTooMany) {
  for (std::size_t i = 0; i < Metrics::most; ++i) ASSERT_EQ(refused(spec_of("m" + std::to_string(i))), "");
  expect(spec_of("another"), "the most there can be");
  EXPECT_EQ(refused(spec_of("m5")), "") << "it is there";
}

}  // namespace
}  // namespace kclhost::host::plugin
