#include "plugin/file.hpp"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "core_fixtures.hpp"
#include "plugin/loadable.hpp"
#include "plugin/warnings.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

const std::string good_bytes = test::contents(KCLHOST_TEST_PLUGINS "/teller.so");

class PluginFile : public testing::Test {
 protected:
  PluginFile() { fs::create_directory(plugins); }

  fs::path put(const std::string& name, std::string_view bytes = good_bytes, mode_t mode = 0644) {
    return test::put_file(plugins / name, bytes, mode);
  }
  config::Config config(const std::string& path) const {
    config::Config made;
    made.plugins_dir = plugins;
    made.state_dir = dir / "state";
    made.plugin.path = path;
    return made;
  }
  // Why it is refused; "" when it is not. Refusals are one line that names the file.
  std::string refusal(const std::string& path) { return refusal(config(path)); }
  std::string refusal(const config::Config& config) {
    const Result<File> file = find(config);
    if (file) return {};
    EXPECT_EQ(file.error().find('\n'), std::string::npos) << file.error();
    EXPECT_NE(file.error().find(config.plugin.path), std::string::npos) << file.error();
    return file.error();
  }
  void expect_refused(const std::string& path, std::string_view why) {
    const std::string error = refusal(path);
    EXPECT_NE(error.find(why), std::string::npos) << "said \"" << error << "\" of " << path;
  }

  TempDir dir;
  const fs::path plugins = dir / "plugins";
};

TEST_F(PluginFile, AGoodOne) {
  put("good.so");
  const Result<File> file = find(config("good.so"));
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->path, plugins / "good.so");
  EXPECT_EQ(file->bytes, good_bytes);
  EXPECT_EQ(file->sha256, sha256_hex(good_bytes));
}

TEST_F(PluginFile, InAFolderInside) {
  fs::create_directories(plugins / "a/b");
  put("a/b/good.so");
  EXPECT_EQ(refusal("a/b/good.so"), "");
  EXPECT_EQ(refusal("a/../a/b/good.so"), "");
}

TEST_F(PluginFile, NotThere) {
  expect_refused("missing.so", "can't be found: No such file or directory");
  config::Config other = config("good.so");
  other.plugins_dir = dir / "nowhere";
  const Result<File> file = find(other);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().find("plugins_dir"), std::string::npos) << file.error();
  EXPECT_NE(file.error().find("nowhere"), std::string::npos) << file.error();
}

TEST_F(PluginFile, NoFile) {
  fs::create_directory(plugins / "folder.so");
  expect_refused("folder.so", "is a directory");
  expect_refused(".", "is a directory");
  ASSERT_EQ(::mkfifo((plugins / "pipe.so").c_str(), 0600), 0);
  expect_refused("pipe.so", "is no regular file");
}

TEST_F(PluginFile, NoPlugin) {
  put("text.so", "plain text\n");
  expect_refused("text.so", "is no ELF file");
  put("empty.so", "");
  expect_refused("empty.so", "is empty");
  put("cut.so", std::string_view(good_bytes).substr(0, good_bytes.size() / 2));
  expect_refused("cut.so", "is a truncated ELF file");
  std::string bits32 = good_bytes;
  bits32[EI_CLASS] = ELFCLASS32;
  put("bits32.so", bits32);
  expect_refused("bits32.so", "is a 32-bit ELF file");
  std::string foreign = good_bytes;
  foreign[offsetof(Elf64_Ehdr, e_machine)] = EM_PPC64;
  put("foreign.so", foreign);
  expect_refused("foreign.so", "is an ELF file for another machine");
  put("no_entry.so", test::contents(KCLHOST_ZOO "/no_entry.so"));
  expect_refused("no_entry.so", "exports no kclhost_plugin_v1");
  put("only_v2.so", test::contents(KCLHOST_ZOO "/only_v2.so"));
  expect_refused("only_v2.so", "it exports kclhost_plugin_v2, this kclhost needs kclhost_plugin_v1");
}

TEST_F(PluginFile, WritableByOthers) {
  put("plugin.so");
  for (const auto& [mode, text] :
       {std::pair{0664, "mode 0664"}, {0646, "mode 0646"}, {0666, "mode 0666"}, {0777, "mode 0777"}}) {
    ASSERT_EQ(::chmod((plugins / "plugin.so").c_str(), static_cast<mode_t>(mode)), 0);
    expect_refused("plugin.so", text);
    expect_refused("plugin.so", "chmod go-w");
  }
  for (const int mode : {0644, 0444, 0755, 0600}) {
    ASSERT_EQ(::chmod((plugins / "plugin.so").c_str(), static_cast<mode_t>(mode)), 0);
    EXPECT_EQ(refusal("plugin.so"), "");
  }
}

TEST_F(PluginFile, InAFolderThatAllMayWrite) {
  fs::create_directories(plugins / "a/b");
  put("a/b/good.so");
  for (const fs::path& folder : {plugins, plugins / "a", plugins / "a/b"}) {
    ::chmod(folder.c_str(), 0777);
    expect_refused(
        "a/b/good.so",
        folder.string() + ", which is writable for all, so that anybody may replace it; chmod o-w " + folder.string());
    ::chmod(folder.c_str(), 01777);
    EXPECT_EQ(refusal("a/b/good.so"), "") << "the sticky bit keeps others from replacing what is not theirs";
    ::chmod(folder.c_str(), 0775);
  }
  EXPECT_EQ(refusal("a/b/good.so"), "");
}

TEST_F(PluginFile, SomebodyElses) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  put("theirs.so");
  ASSERT_EQ(::chown((plugins / "theirs.so").c_str(), 12345, 0), 0);
  expect_refused("theirs.so", "belongs to user 12345; chown it to root");
  struct stat status {};
  ASSERT_EQ(::stat((plugins / "theirs.so").c_str(), &status), 0);
  ASSERT_EQ(::seteuid(65'534), 0);
  const std::string why = objection(status);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(why, "belongs to user 12345; chown it to root or to user 65534, who runs this");
}

TEST_F(PluginFile, Unreadable) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  put("secret.so", good_bytes, 0000);
  expect_refused("secret.so", "can't be opened: Permission denied");
}

TEST_F(PluginFile, SymlinksInside) {
  fs::create_directory(plugins / "releases");
  put("releases/v2.so");
  fs::create_symlink("releases/v2.so", plugins / "current.so");
  const Result<File> file = find(config("current.so"));
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->path, plugins / "releases/v2.so");
}

TEST_F(PluginFile, PluginsDirMayBeASymlinkItself) {
  put("good.so");
  fs::create_directory_symlink(plugins, dir / "link");
  config::Config linked = config("good.so");
  linked.plugins_dir = dir / "link";
  EXPECT_EQ(refusal(linked), "");
}

TEST_F(PluginFile, NoWayOut) {
  test::put_file(dir / "outside.so", good_bytes);
  fs::create_directory(dir / "plugins-too");
  test::put_file(dir / "plugins-too/good.so", good_bytes);
  fs::create_symlink(dir / "outside.so", plugins / "link.so");
  fs::create_directory_symlink(dir.path(), plugins / "up");
  for (const std::string& path : {std::string("link.so"), std::string("../outside.so"), std::string("up/outside.so"),
                                  std::string("../plugins-too/good.so"), (dir / "outside.so").string()}) {
    expect_refused(path, "lies outside plugins_dir");
  }
  fs::create_symlink("loop.so", plugins / "loop.so");
  expect_refused("loop.so", "can't be found");
  // A name that leads out and in again is inside.
  put("good.so");
  EXPECT_EQ(refusal("../plugins/good.so"), "");
}

TEST_F(PluginFile, ThePin) {
  put("good.so");
  config::Config pinned = config("good.so");
  pinned.plugin.sha256 = sha256_hex(good_bytes);
  EXPECT_EQ(refusal(pinned), "");
  pinned.plugin.sha256 = std::string(64, 'a');
  const std::string error = refusal(pinned);
  EXPECT_NE(error.find("has sha256 " + sha256_hex(good_bytes)), std::string::npos) << error;
  EXPECT_NE(error.find("pins " + std::string(64, 'a')), std::string::npos) << error;
}

TEST_F(PluginFile, AtAnySizeOfTruncation) {
  for (const std::size_t size : {1u, 3u, 4u, 15u, 16u, 63u, 64u, 100u, 4096u, 8192u}) {
    put("cut.so", std::string_view(good_bytes).substr(0, size));
    EXPECT_NE(refusal("cut.so"), "") << size;
  }
}

TEST(PluginWarnings, OnlyWhatIsUnwise) {
  EXPECT_TRUE(warnings_of({.exported = {"kclhost_plugin_v1"}, .unique = {}, .needed = {}, .run_paths = {}}).empty());
  EXPECT_TRUE(
      warnings_of({.exported = {"kclhost_plugin_v1", "kclhost_plugin_v2"}, .unique = {}, .needed = {}, .run_paths = {}})
          .empty());
  const auto one = warnings_of({.exported = {"a", "kclhost_plugin_v1"}, .unique = {}, .needed = {}, .run_paths = {}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_NE(one[0].find("exports 1 symbol besides"), std::string::npos) << one[0];
  const auto warnings =
      warnings_of({.exported = {"a", "b", "kclhost_plugin_v1"}, .unique = {"u"}, .needed = {}, .run_paths = {}});
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("exports 2 symbols besides"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("GNU-unique symbols (u"), std::string::npos) << warnings[1];
}

}  // namespace
}  // namespace kclhost::host::plugin
