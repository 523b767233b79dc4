// error: a plugin derives from one of kclhost::RecordProcessor, kclhost::AcknowledgingProcessor and
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::AcknowledgingProcessor, public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
  void finish(kclhost::Reason) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
