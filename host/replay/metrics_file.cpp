#include "replay/metrics_file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "observe/replay_channel.hpp"
#include "support/memory_file.hpp"

namespace kclhost::host::replay {

MetricsFile::MetricsFile() : memory_(make_memory_file("kclhost-replay-metrics")) {
  // By its path, because a descriptor that the child inherits would reach the plugin too.
  const std::string path =
      memory_ ? "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(memory_.get()) : "/dev/null";
  ::setenv(observe::replay_variable, path.c_str(), 1);
}

void MetricsFile::read_into(Figures& figures) const {
  std::string text;
  char block[4096];
  for (ssize_t n; memory_ && (n = ::pread(memory_.get(), block, sizeof block, static_cast<off_t>(text.size()))) > 0;) {
    text.append(block, static_cast<std::size_t>(n));
  }
  const std::size_t metrics = text.find('\n');
  if (metrics == std::string::npos) return;
  auto totals = observe::MetricTotals::parse(std::string_view(text).substr(0, metrics));
  if (totals) figures.metrics = std::move(*totals);
  figures.set_aside = observe::SetAside::parse(std::string_view(text).substr(metrics + 1));
}

}  // namespace kclhost::host::replay
