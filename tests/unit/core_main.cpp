// The tests' main.
#include <gtest/gtest.h>

#include <csignal>

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as `kclhost run` does
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
