// error: does not override all that it must
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&, kclhost::Checkpointer& checkpointer) {
    static_cast<void>(checkpointer.checkpoint_all());
  }
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
