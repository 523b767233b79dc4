// error: no member named .*acknowledge
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  explicit Bad(kclhost::Context& context) : context_(context) {}
  void process_records(const kclhost::Batch& batch) override { context_.acknowledge(batch); }

 private:
  kclhost::Context& context_;
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
