// The loader's words as glibc has them, and what is said beside them.
#include "plugin/cures.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::plugin {
namespace {

TEST(Cures, KnownCausesHaveOne) {
  struct {
    const char* why;
    const char* cure;
  } const cases[] = {
      {"/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /p/a.so)",
       "this one has glibc 2."},
      {"/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /p/a.so)",
       "-static-libstdc++"},
      {"libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory", "Alpine"},
      {"libcurl.so.4: cannot open shared object file: No such file or directory", "install the package libcurl4"},
      {"libyaml-cpp.so.0.8: cannot open shared object file: No such file or directory",
       "install the package libyaml-cpp0.8"},
      {"can't be loaded: libz.so.1: cannot open shared object file: No such file or directory",
       "install the package zlib1g"},
      {"libown.so.3: cannot open shared object file: No such file or directory", "apt-file search libown.so.3"},
      {"libgomp.so.1: cannot allocate memory in static TLS block", "glibc.rtld.optional_static_tls"},
      {"failed to map segment from shared object", "noexec"},
      {"cannot enable executable stack as shared object requires: Invalid argument", "-z,noexecstack"},
      {"undefined symbol: PyExc_ValueError", "RTLD_GLOBAL"},
      {"undefined symbol: __asan_init", "sanitizer"},
      {"undefined symbol: deflate, version ZLIB_1", "ldd -r"},
      {"libx.so: wrong ELF class: ELFCLASS32", "another machine"},
      {"was killed by SIGILL while it was loaded", "-march=native"},
  };
  for (const auto& [why, cure] : cases) {
    const std::string text = with_cure(why);
    EXPECT_EQ(text.rfind(why, 0), 0u) << "the loader's words come first";
    EXPECT_NE(text.find(cure), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(with_cure(text), text) << "once is enough";
  }
}

TEST(Cures, OthersStayAsTheyAre) {
  for (const char* why : {"", "took longer than timeouts.initialize", "was ended by exit(1)"})
    EXPECT_EQ(with_cure(why), why);
}

}  // namespace
}  // namespace kclhost::host::plugin
