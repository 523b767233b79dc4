// A host for instances that writes down what they ask of it.
#pragma once

#include <string>
#include <vector>

#include "processor/call.hpp"

namespace kclhost::host::test {

class FakeServices final : public processor::Services {
 public:
  struct LogLine {
    std::int32_t level;
    std::string source, text;
  };

  processor::CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                                         std::int64_t sub_sequence_number) override {
    checkpoints.push_back(std::string(sequence_number.value_or("null")) + "/" + std::to_string(sub_sequence_number));
    return answer;
  }
  void log(std::int32_t level, std::string_view source, std::string_view text) override {
    lines.push_back({level, std::string(source), std::string(text)});
  }
  bool log_enabled(std::int32_t) override { return true; }
  void metric(std::int32_t kind, std::string_view name, double value) override {
    metrics.push_back(std::to_string(kind) + " " + std::string(name) + " " + std::to_string(value));
  }

  std::vector<std::string> texts(std::string_view source = "plugin") const {
    std::vector<std::string> found;
    for (const LogLine& line : lines) {
      if (line.source == source) found.push_back(line.text);
    }
    return found;
  }
  void forget() {
    lines.clear();
    metrics.clear();
    checkpoints.clear();
  }

  processor::CheckpointAnswer answer{};
  std::vector<LogLine> lines;
  std::vector<std::string> checkpoints, metrics;
};

}  // namespace kclhost::host::test
