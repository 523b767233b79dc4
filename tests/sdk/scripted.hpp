// A processor of each way, whose process_records does what the test says.
#pragma once

#include <functional>
#include <kclhost/testing.hpp>
#include <vector>

namespace scripted {

class Returning final : public kclhost::RecordProcessor {
 public:
  explicit Returning(kclhost::Context& to) : context(to) {}
  void initialize(const kclhost::Initialization& start) override {
    position = start.position();
    beginning = start.reason();
  }
  void process_records(const kclhost::Batch& batch) override {
    if (script) script(batch, *this);
  }
  void tick() override { ++ticks; }

  std::function<void(const kclhost::Batch&, Returning&)> script;
  kclhost::Context& context;
  kclhost::Position position;
  kclhost::Beginning beginning{};
  int ticks = 0;
};

class Acknowledging final : public kclhost::AcknowledgingProcessor {
 public:
  explicit Acknowledging(kclhost::AcknowledgingContext& to) : context(to) {}
  void process_records(const kclhost::Batch& batch) override {
    if (script) script(batch, *this);
  }
  void finish(kclhost::Reason) override {}

  std::function<void(const kclhost::Batch&, Acknowledging&)> script;
  kclhost::AcknowledgingContext& context;
};

class Checkpointing final : public kclhost::CheckpointingProcessor {
 public:
  using Script = std::function<void(const kclhost::Batch&, kclhost::Checkpointer&)>;
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) override {
    if (script) script(batch, checkpointer);
  }
  void finish(kclhost::Checkpointer& checkpointer, kclhost::Reason) override {
    if (!finishes) return;
    last_status.push_back(checkpointer.checkpoint_all());
  }

  Script script;
  bool finishes = true;  // otherwise it checkpoints nothing at the end
  std::vector<kclhost::Status> last_status;
};

}  // namespace scripted
