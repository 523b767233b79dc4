#include <kclhost/testing.hpp>

// Alone, and twice.
#include <kclhost/testing.hpp>

bool passes(const kclhost_plugin& plugin);
bool passes(const kclhost_plugin& plugin) {
  kclhost::testing::Host host;
  auto instance = host.create(plugin);
  return instance.process_records({"one", "two"}).ok() && host.unfinished().empty();
}
