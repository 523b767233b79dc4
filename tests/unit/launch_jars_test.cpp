// Jars in a folder of a network file system. tests/launch has the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "core_fixtures.hpp"
#include "flock_on_nfs.hpp"
#include "launch/class_archive.hpp"
#include "launch/fetch.hpp"

namespace kclhost::host::launch {
namespace {

using testing::HasSubstr;

class JarsOnNfs : public testing::Test {
 protected:
  JarsOnNfs() { test::flock_is_as_on_nfs = true; }
  ~JarsOnNfs() override { test::flock_is_as_on_nfs = false; }

  test::TempDir dir_;
};

TEST_F(JarsOnNfs, AreFetched) {
  test::put_file(dir_ / "pom.xml", "<project/>");
  test::put_file(dir_ / "mvn",
                 "#!/bin/sh\nfor word; do case $word in -DoutputDirectory=*) : >\"${word#*=}/one.jar\";; esac; done\n",
                 0755);
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", (dir_.path().string() + ":" + path).c_str(), 1);
  const auto jars = fetch_jars({dir_ / "pom.xml", ""}, dir_ / "jars");
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(jars) << jars.error();
  EXPECT_EQ(jars->count, 1u);
  EXPECT_TRUE(has_jars({dir_ / "pom.xml", ""}, dir_ / "jars"));
}

TEST_F(JarsOnNfs, GetAnArchive) {
  std::filesystem::create_directories(dir_ / "jars");
  test::put_file(dir_ / "jars" / stamp_name, "");
  const auto error = make_class_archive("/bin/false", dir_ / "jars", dir_ / "classes");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("/bin/false cannot make the class archive"));
}

}  // namespace
}  // namespace kclhost::host::launch
