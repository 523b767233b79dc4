// error: no matching (member )?function for call to
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::CheckpointingProcessor {
 public:
  void process_records(const kclhost::Batch&, kclhost::Checkpointer& checkpointer) override {
    static_cast<void>(checkpointer.checkpoint());
  }
  void finish(kclhost::Checkpointer&, kclhost::Reason) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
