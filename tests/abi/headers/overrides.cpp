// What a class may do beside overriding a call under its own name.
// clang has this warning in -Wall, and GCC from 13 on, which gives it where the hidden function is.
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
#include <kclhost/record_processor.hpp>
namespace {

class Base : public virtual kclhost::CheckpointingProcessor {
 public:
  void process_records(const kclhost::Batch&, kclhost::Checkpointer&) noexcept override {}
  void finish(kclhost::Checkpointer&, kclhost::Reason) override { finish(); }
  void finish() {}  // beside the right one
  bool lease_lost_at = false;
};

class Derived final : public Base {
 public:
  bool shard_ended = false;  // no function

 private:
  void initialize(const kclhost::Initialization&) override { tick(); }
  void tick() {}  // nobody else may call it
};

}  // namespace
KCLHOST_PLUGIN(Derived, "test.overrides", "1")
