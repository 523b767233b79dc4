// error: an AcknowledgingProcessor's may take a
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  explicit Bad(kclhost::AcknowledgingContext& context) : context_(context) {}
  void process_records(const kclhost::Batch& batch) override { context_.acknowledge(batch); }

 private:
  kclhost::AcknowledgingContext& context_;
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
