// error: a plugin derives from one of kclhost::RecordProcessor, kclhost::AcknowledgingProcessor and
#include <kclhost/record_processor.hpp>
class Bad final {
 public:
  void process_records(const kclhost::Batch&) {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
