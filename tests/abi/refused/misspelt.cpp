// error: does not override all that it must
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void process_record(const kclhost::Batch&) {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
