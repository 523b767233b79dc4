// Lets an exception out of its table, as no plugin may.
#include <kclhost/record_processor.hpp>
#include <stdexcept>

namespace {

class Good final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
};

kclhost_status process_records(void*, const kclhost_batch*, kclhost_checkpointer*, kclhost_error*) {
  throw std::out_of_range("let out of the plugin");
}

constexpr kclhost_plugin make_table() {
  kclhost_plugin table = kclhost::detail::make_table<Good>("zoo.unguarded", "6.6.6");
  table.process_records = &process_records;
  return table;
}

}  // namespace

extern "C" KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void) {
  static constexpr kclhost_plugin table = make_table();
  return &table;
}
