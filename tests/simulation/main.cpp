// kclhost_simulation [--seed S] [--worlds N] [--verbose]: the long run, and one world again.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "simulation/run.hpp"

namespace {

kclhost::host::simulation::Totals totals;
std::uint64_t seed = 1;

// A shard that crashes is found, too.
[[maybe_unused]] void crashed(int) {
  std::cout << "world " << totals.worlds << ", seed " << seed + totals.worlds - 1 << ": it crashes" << std::endl;
  std::_Exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace kclhost::host::simulation;
  std::uint64_t worlds = 1;
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--verbose") {
      verbose = true;
    } else if (i + 1 < argc && (option == "--seed" || option == "--worlds")) {
      (option == "--seed" ? seed : worlds) = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::cerr << "usage: kclhost_simulation [--seed S] [--worlds N] [--verbose]\n";
      return 2;
    }
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they say more
  std::signal(SIGSEGV, crashed);
  std::signal(SIGABRT, crashed);
#endif
  const auto found = run(seed, worlds, verbose, totals);
  if (found) {
    std::cout << "world " << totals.worlds << ", seed " << found->seed << ": " << found->what
              << "\nagain: kclhost_simulation --seed " << found->seed << " --verbose\n";
    return 1;
  }
  std::cout << totals.worlds << " worlds from seed " << seed << ": " << totals.lives << " lives of the host, "
            << totals.deliveries << " deliveries, " << totals.deaths << " deaths by a record, " << totals.steps
            << " steps, no violation\n";
  return 0;
}
