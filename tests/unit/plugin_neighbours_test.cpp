// Plugins that are shipped with libraries.
#include "plugin/neighbours.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core_fixtures.hpp"
#include "plugin/file.hpp"
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
  fs::path staged() {
    const Result<fs::path> path = stage(read(), state);
    EXPECT_TRUE(path) << path.error();
    return path ? *path : fs::path();
  }

  test::TempDir dir;
  fs::path shipped = dir / "shipped", state = dir / "state";
};

TEST_F(Neighbours, AreFoundWhereTheLoaderLooks) {
  const File file = read();
  const auto found = find_neighbours(file.path, file.elf);
  ASSERT_TRUE(found) << found.error();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].place, "libnear.so");
  EXPECT_EQ((*found)[1].place, "../lib/libfar.so");
}

TEST_F(Neighbours, ACopyLoadsThoughTheOriginalsAreGone) {
  const fs::path path = staged();
  EXPECT_EQ(path.filename(), "shipped_teller.so");
  fs::remove_all(shipped);
  const auto about = worker::probe(path, 120s);
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->about.id, "test.teller");
}

TEST_F(Neighbours, AnotherLibraryMakesAnotherCopy) {
  const fs::path first = staged();
  EXPECT_EQ(staged(), first);
  const std::string before = test::contents(first.parent_path() / "libnear.so");
  test::put_file(shipped / "home/libnear.so", before + " ");
  ASSERT_EQ(::chmod((shipped / "home/libnear.so").c_str(), 0755), 0);
  const fs::path second = staged();
  EXPECT_NE(second, first);
  EXPECT_EQ(test::contents(first.parent_path() / "libnear.so"), before) << "others run with it";
}

TEST_F(Neighbours, ADamagedCopyIsMadeAnew) {
  const fs::path copy = staged().parent_path() / "libnear.so";
  const std::string before = test::contents(copy);
  ASSERT_EQ(::chmod(copy.c_str(), 0755), 0);
  test::put_file(copy, std::string(before.size(), 'x'));
  staged();
  EXPECT_EQ(test::contents(copy), before);
}

TEST_F(Neighbours, OneThatOthersMayWriteIsRefusedByName) {
  const fs::path library = shipped / "lib/libfar.so";
  ASSERT_EQ(::chmod(library.c_str(), 0777), 0);
  const Result<fs::path> path = stage(read(), state);
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().find("lib/libfar.so is writable by its group or by others"), std::string::npos)
      << path.error();
  EXPECT_NE(path.error().find("shipped_teller.so needs libfar.so"), std::string::npos) << path.error();
}

TEST_F(Neighbours, OneThatIsNotThereIsTheLoadersToName) {
  fs::remove(shipped / "lib/libfar.so");
  const auto about = worker::probe(staged(), 120s);
  ASSERT_FALSE(about);
  EXPECT_NE(about.error().find("libfar.so: cannot open shared object file"), std::string::npos) << about.error();
  EXPECT_NE(about.error().find("$ORIGIN"), std::string::npos) << "the cure: " << about.error();
}

}  // namespace
}  // namespace kclhost::host::plugin
