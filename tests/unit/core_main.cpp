// The tests' main. Tests of the worker start this program again as `worker`, as the host does with itself.
#include <gtest/gtest.h>

#include <csignal>
#include <string_view>

#include "processor/worker_main.hpp"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "worker") return kclhost::processor::worker_main();
  std::signal(SIGPIPE, SIG_IGN);  // as `kclhost run` does
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
