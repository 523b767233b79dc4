#include "cli/cli.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::cli {
namespace {

TEST(ExitCodes, AreTheDocumentedOnes) {
  EXPECT_EQ(exit_done, 0);
  EXPECT_EQ(exit_broken_pipe, 4);
}

}  // namespace
}  // namespace kclhost::host::cli
