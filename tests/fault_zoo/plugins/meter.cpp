// Records a metric for each of its records: "KIND NAME VALUE...", with every value in turn. NAME may have labels behind
// it, as in rows{table=events,region=eu}. What the host says of a metric that it does not take is logged.
#include <kclhost/record_processor.hpp>
#include <sstream>
#include <stdexcept>
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
      try {
        const kclhost::MetricSpec spec = spec_of(name);
        while (words >> value) {
          const double number = std::stod(value);
          if (kind == "counter") context_.counter(spec).add(number);
          if (kind == "gauge") context_.gauge(spec).set(number);
          if (kind == "histogram") context_.histogram(spec).observe(number);
        }
      } catch (const std::invalid_argument& refused) {
        context_.log_warn(refused.what());
      }
    }
  }

 private:
  static kclhost::MetricSpec spec_of(const std::string& text) {
    const std::size_t brace = text.find('{');
    kclhost::MetricSpec spec{text.substr(0, brace)};
    if (brace == std::string::npos) return spec;
    std::istringstream labels{text.substr(brace + 1, text.size() - brace - 2)};
    for (std::string label; std::getline(labels, label, ',');) {
      const std::size_t equals = label.find('=');
      spec.labels.push_back({label.substr(0, equals), label.substr(equals + 1)});
    }
    return spec;
  }

  kclhost::Context& context_;
};

}  // namespace

KCLHOST_PLUGIN(Meter, "zoo.meter", "1.0.0")
