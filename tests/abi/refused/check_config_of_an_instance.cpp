// error: (cannot call member function|call to non-static member function)
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void check_config(const kclhost::Config&) {}
  void process_records(const kclhost::Batch&) override {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
