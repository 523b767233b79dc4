// The tests' main.
#include <gtest/gtest.h>

#include <csignal>

#include "alone.hpp"

namespace {

// Many tests fork.
class Alone : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { kclhost::host::test::wait_until_alone(); }
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as `kclhost run` does
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Alone);
  return RUN_ALL_TESTS();
}
