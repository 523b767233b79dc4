// Logs each record. What else a plugin can do: docs/writing-a-plugin.md of kclhost.
#include <kclhost/record_processor.hpp>

class MyPlugin final : public kclhost::RecordProcessor {
 public:
  explicit MyPlugin(kclhost::Context& context) : context_(context) {}

  void process_records(const kclhost::Batch& batch) override {
    for (const kclhost::Record& record : batch)
      context_.log_info(std::string(record.partition_key()) + ": " + std::string(record.data()));
  }

 private:
  kclhost::Context& context_;
};

KCLHOST_PLUGIN(MyPlugin, "com.example.my_plugin", KCLHOST_PLUGIN_VERSION)
