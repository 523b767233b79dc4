// error: finish is never called
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
  void finish(kclhost::Reason) const {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
