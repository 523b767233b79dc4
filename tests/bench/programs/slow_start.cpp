// Accepts its records; create takes as long as the config says: {"create_ms": N}. Anything else in the config is
// ignored, so that each release may have its own.
#include <chrono>
#include <kclhost/record_processor.hpp>
#include <thread>

namespace {

class SlowStart final : public kclhost::RecordProcessor {
 public:
  explicit SlowStart(kclhost::Context& context) {
    std::this_thread::sleep_for(std::chrono::milliseconds(context.config()["create_ms"].as<unsigned>()));
  }
  void process_records(const kclhost::Batch&) override {}
};

}  // namespace

KCLHOST_PLUGIN(SlowStart, "bench.slow_start", "1.0.0")
