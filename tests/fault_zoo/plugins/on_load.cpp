// A good plugin but for what it does while it is loaded, or in its entry function; ZOO_FAULT says what.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <kclhost/record_processor.hpp>

#include "crash.hpp"

namespace {

class Good final : public kclhost::RecordProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
};

[[maybe_unused]] void segv() {
  crash();
}
[[maybe_unused]] void call_exit() {
  std::exit(5);
}
[[maybe_unused]] void hang() {
  while (true) pause();
}
[[maybe_unused]] void print() {
  std::printf("{\"action\":\"status\",\"responseFor\":\"load\"}\n");
  std::fflush(stdout);
}
[[maybe_unused]] void throw_int() {
  throw 42;
}

}  // namespace

#ifdef ZOO_IN_ENTRY
extern "C" KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void) {
  static constexpr kclhost_plugin table = kclhost::detail::make_table<Good>("zoo.on_load", "6.6.6");
  ZOO_FAULT();
  return &table;
}
#else
static const int at_load = (ZOO_FAULT(), 0);
KCLHOST_PLUGIN(Good, "zoo.on_load", "6.6.6")
#endif
