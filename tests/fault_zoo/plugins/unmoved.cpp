// Does nothing with its records; built to have its coverage measured.
#include <kclhost/record_processor.hpp>

namespace {

class Unmoved final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
};

}  // namespace

KCLHOST_PLUGIN(Unmoved, "zoo.unmoved", "1.0.0")
