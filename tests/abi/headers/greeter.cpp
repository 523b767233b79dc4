#include <kclhost/record_processor.hpp>
class Greeter final : public kclhost::RecordProcessor {
 public:
  explicit Greeter(kclhost::Context& context) : context_(context) {}  // context.config() reads plugin.config
  void process_records(const kclhost::Batch& batch) override {
    for (const kclhost::Record& record : batch)  // throw: the batch failed
      context_.log_info(std::string(record.partition_key()) + ": " + std::string(record.data()));
  }

 private:
  kclhost::Context& context_;
};
KCLHOST_PLUGIN(Greeter, "com.example.greeter", "1.0.0")
