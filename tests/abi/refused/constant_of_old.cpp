// error: no constant says who checkpoints
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  static constexpr int checkpointing = 1;
  void process_records(const kclhost::Batch&) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
