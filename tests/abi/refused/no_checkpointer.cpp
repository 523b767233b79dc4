// error: does not override all that it must
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::CheckpointingProcessor {
 public:
  void process_records(const kclhost::Batch&) {}
  void finish(kclhost::Checkpointer&, kclhost::Reason) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
