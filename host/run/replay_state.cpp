#include "run/replay_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "observe/replay_channel.hpp"
#include "store/state_key.hpp"
#include "support/excerpt.hpp"
#include "support/fd.hpp"
#include "support/sha256.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::run {

bool is_replayed() {
  return std::getenv(observe::replay_variable) != nullptr;
}

std::string state_owner(const config::Config& config) {
  return is_replayed() ? store::replay_state_key(config) : store::state_key(config);
}

bool goes_on() {
  return !is_replayed() || std::getenv(observe::replay_goes_on_variable) != nullptr;
}

std::string owner_of_tries(const config::Config& config) {
  const std::string owner = state_owner(config);
  const char* const file = is_replayed() ? std::getenv(observe::replay_goes_on_variable) : nullptr;
  return file == nullptr ? owner : owner + "@" + sha256_hex(file).substr(0, 16);
}

void ReplayMetrics::make(WorkerId worker, std::uint32_t number, const kclhost_metric_spec& spec) {
  if (!wanted_) return;
  std::vector<observe::MetricName>& made = made_[worker];
  made.resize(std::max<std::size_t>(made.size(), number + std::size_t{1}));
  made[number] = observe::MetricName(spec);
}

void ReplayMetrics::take(WorkerId worker, std::uint32_t number, double value) {
  if (!wanted_) return;
  const observe::MetricName& name = made_.at(worker).at(number);
  const std::string_view why = totals_.take(name, value);
  if (!why.empty() && !std::exchange(told_, true)) {
    log_.warn("a metric of the plugin's is left out of the replay's report",
              {{"metric", excerpt(name.text())}, {"why", why}});
  }
}

void ReplayMetrics::forget(WorkerId worker) {
  made_.erase(worker);
}

void ReplayMetrics::pass_on(const observe::SetAside& aside) const {
  if (!wanted_) return;
  // Whoever set the variable by hand gets no file made.
  const Fd file(::open(std::getenv(observe::replay_variable), O_WRONLY | O_CLOEXEC));
  const std::string text = totals_.json() + "\n" + aside.line();
  if (file) (void)write_all(file.get(), text);
}

}  // namespace kclhost::host::run
