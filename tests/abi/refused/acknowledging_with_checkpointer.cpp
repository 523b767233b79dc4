// error: does not override all that it must
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::AcknowledgingProcessor {
 public:
  void process_records(const kclhost::Batch&, kclhost::Checkpointer& checkpointer) {
    static_cast<void>(checkpointer.checkpoint_all());
  }
  void finish(kclhost::Reason) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
