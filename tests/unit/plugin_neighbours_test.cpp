// Plugins that are shipped with libraries.
#include "plugin/neighbours.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core_fixtures.hpp"
#include "plugin/copy.hpp"
#include "worker/probe.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Neighbours : public testing::Test {
 protected:
  void SetUp() override { fs::copy(KCLHOST_TEST_PLUGINS "/shipped", shipped, fs::copy_options::recursive); }

  File read() {
    Result<File> file = read_file(shipped / "home/shipped_teller.so");
    EXPECT_TRUE(file) << file.error();
    return file ? std::move(*file) : File();
  }
  fs::path copied() {
    const File file = read();
    const auto found = find_neighbours(file.path, file.elf);
    EXPECT_TRUE(found) << found.error();
    bool made = false;
    const auto copies = copy_into(copy, file, *found, made);
    EXPECT_TRUE(copies) << copies.error();
    return copies ? copy / copies->front().path : fs::path();
  }

  test::TempDir dir;
  fs::path shipped = dir / "shipped", copy = dir / "copy";
};

TEST_F(Neighbours, AreFoundWhereTheLoaderLooks) {
  const File file = read();
  const auto found = find_neighbours(file.path, file.elf);
  ASSERT_TRUE(found) << found.error();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].place, "libnear.so");
  EXPECT_EQ((*found)[1].place, "../lib/libfar.so");
}

TEST_F(Neighbours, OneThatOthersMayWriteIsRefusedByName) {
  const fs::path library = shipped / "lib/libfar.so";
  ASSERT_EQ(::chmod(library.c_str(), 0777), 0);
  const File file = read();
  const auto found = find_neighbours(file.path, file.elf);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().find("lib/libfar.so is writable by its group or by others"), std::string::npos)
      << found.error();
  EXPECT_TRUE(found.error().starts_with("needs libfar.so")) << found.error();
}

TEST_F(Neighbours, OneThatIsNotThereIsTheLoadersToName) {
  fs::remove(shipped / "lib/libfar.so");
  const auto about = worker::probe(copied(), 120s);
  ASSERT_FALSE(about);
  EXPECT_NE(about.error().find("libfar.so: cannot open shared object file"), std::string::npos) << about.error();
  EXPECT_NE(about.error().find("$ORIGIN"), std::string::npos) << "the cure: " << about.error();
}

}  // namespace
}  // namespace kclhost::host::plugin
