// Records a metric for each of its records: "KIND NAME VALUE...", with every value in turn.
#include <kclhost/record_processor.hpp>
#include <sstream>
#include <string>

namespace {

class Meter final : public kclhost::RecordProcessor {
 public:
  explicit Meter(kclhost::Context& context) : context_(context) {}

  void process_records(const kclhost::Batch& batch) override {
    for (const kclhost::Record& record : batch) {
      std::istringstream words{std::string(record.data())};
      std::string kind, name, value;
      words >> kind >> name;
      while (words >> value) {
        const double number = std::stod(value);
        if (kind == "counter") context_.counter(name, number);
        if (kind == "gauge") context_.gauge(name, number);
        if (kind == "histogram") context_.histogram(name, number);
      }
    }
  }

 private:
  kclhost::Context& context_;
};

}  // namespace

KCLHOST_PLUGIN(Meter, "zoo.meter", "1.0.0")
