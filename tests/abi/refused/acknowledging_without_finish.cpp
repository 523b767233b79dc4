// error: does not override all that it must
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::AcknowledgingProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
