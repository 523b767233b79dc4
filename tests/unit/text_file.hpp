// A file with a text, for those who read files by their name.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kclhost::host {

// Lasts as long as the object.
class TextFile {
 public:
  explicit TextFile(std::string_view text) {
    const int fd = ::mkstemp(name_);
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  ~TextFile() { std::remove(name_); }

  const char* name() const { return name_; }

 private:
  char name_[32] = "/tmp/kclhost-test-XXXXXX";
};

}  // namespace kclhost::host
