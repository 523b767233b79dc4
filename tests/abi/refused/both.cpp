// error: a plugin derives from one of kclhost::RecordProcessor, kclhost::AcknowledgingProcessor and
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor, public kclhost::CheckpointingProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
  void process_records(const kclhost::Batch&, kclhost::Checkpointer&) override {}
  void finish(kclhost::Checkpointer&, kclhost::Reason) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
