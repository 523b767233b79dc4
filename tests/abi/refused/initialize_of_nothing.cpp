// error: initialize is never called
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void initialize() {}
  void process_records(const kclhost::Batch&) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
