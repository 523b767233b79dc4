// What a class may do beside overriding a call under its own name.
#include <kclhost/record_processor.hpp>
#pragma GCC diagnostic ignored "-Woverloaded-virtual"  // which clang has in -Wall
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
