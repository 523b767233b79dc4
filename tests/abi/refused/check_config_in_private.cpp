// error: is (a private member|private within)
#include <kclhost/record_processor.hpp>
class Bad final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}

 private:
  static void check_config(const kclhost::Config&) {}
};
KCLHOST_PLUGIN(Bad, "test.bad", "1")
