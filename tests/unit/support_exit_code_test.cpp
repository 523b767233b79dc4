#include "support/exit_code.hpp"

#include <gtest/gtest.h>

namespace kclhost::host {
namespace {

TEST(ExitCodes, AreTheDocumentedOnes) {
  EXPECT_EQ(exit_done, 0);
  EXPECT_EQ(exit_broken_pipe, 4);
  EXPECT_EQ(exit_under_way, 5);
}

}  // namespace
}  // namespace kclhost::host
