// error: shutdown_requested is never called
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::CheckpointingProcessor {
 public:
  void process_records(const kclhost::Batch&, kclhost::Checkpointer&) override {}
  void finish(kclhost::Checkpointer&, kclhost::Reason) override {}
  void shutdown_requested() {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
