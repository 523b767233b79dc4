// kclhost_simulation [--seed S] [--worlds N] [--verbose]: the long run, and one world again.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "simulation/run.hpp"

int main(int argc, char** argv) {
  using namespace kclhost::host::simulation;
  std::uint64_t seed = 1, worlds = 1;
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
  Totals totals;
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
