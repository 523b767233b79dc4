#include "observe/log.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>
#include <vector>

#include "core_fixtures.hpp"
#include "log_event.hpp"
#include "support/socket_path.hpp"

namespace kclhost::host::observe {
namespace {

using test::member;
using test::parsed;

// Standard error, kept while this lives.
class StandardError {
 public:
  StandardError() : file_(::memfd_create("stderr", MFD_CLOEXEC)), before_(::dup(STDERR_FILENO)) {
    std::fflush(stderr);
    ::dup2(file_.get(), STDERR_FILENO);
  }
  ~StandardError() {
    std::fflush(stderr);
    ::dup2(before_.get(), STDERR_FILENO);
  }
  std::string text() const {
    std::fflush(stderr);
    std::string all;
    char bytes[4096];
    for (ssize_t n; (n = ::pread(file_.get(), bytes, sizeof bytes, static_cast<off_t>(all.size()))) > 0;) {
      all.append(bytes, static_cast<std::size_t>(n));
    }
    return all;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    const std::string all = text();
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      EXPECT_NE(end, std::string::npos) << "an unfinished line";
      lines.push_back(all.substr(at, end - at));
      at = end == std::string::npos ? all.size() : end + 1;
    }
    return lines;
  }

 private:
  Fd file_, before_;
};

// What a plugin may log, all of it hostile.
std::vector<std::string> hostile_texts() {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  return {all_bytes,
          "",
          "\n\n",
          "two\nlines\r\n",
          "\"},{\"level\":\"error\"",
          "back\\slash\\",
          "\xed\xa0\x80\xff\xc3",
          std::string(100'000, '\x01'),
          std::string(1'000'000, 'x'),
          "caf\u00e9 \u2028 \U0001F600"};
}

config::Log settings(config::LogFormat format, config::LogLevel level = Level::trace) {
  return {.level = level, .format = format, .sink = config::LogSink::automatic};
}

class LogTest : public testing::Test {
 protected:
  LogTest() { ::unsetenv("KCLHOST_LOG_SOCKET"); }
  ~LogTest() override { ::unsetenv("KCLHOST_LOG_SOCKET"); }

  StandardError standard_error;
};

TEST_F(LogTest, AJsonLineHasShardPluginAndVersion) {
  Log log(settings(config::LogFormat::json));
  log.info("before anything is known");
  log.set_shard("shardId-000000000001");
  log.set_plugin("com.example.greeter", "1.2.3");
  log.error("it broke", {{"records", "12"}, {"first", "1/0"}});
  const auto lines = standard_error.lines();
  ASSERT_EQ(lines.size(), 2u);
  const auto first = parsed(lines[0]), second = parsed(lines[1]);
  EXPECT_EQ(member(first, "message"), "before anything is known");
  EXPECT_EQ(member(first, "shard"), "(missing)");
  EXPECT_EQ(member(second, "level"), "error");
  EXPECT_EQ(member(second, "shard"), "shardId-000000000001");
  EXPECT_EQ(member(second, "plugin"), "com.example.greeter");
  EXPECT_EQ(member(second, "version"), "1.2.3");
  EXPECT_EQ(member(second, "source"), "host");
  EXPECT_EQ(member(second, "message"), "it broke");
  EXPECT_EQ(member(second, "records"), "12");
  EXPECT_EQ(member(second, "first"), "1/0");
  std::string shape = member(second, "time");
  for (char& c : shape) {
    if (c >= '0' && c <= '9') c = '0';
  }
  EXPECT_EQ(shape, "0000-00-00T00:00:00.000Z");
}

TEST_F(LogTest, JsonLinesAreJsonWhateverAPluginLogs) {
  Log log(settings(config::LogFormat::json));
  const auto texts = hostile_texts();
  for (const std::string& text : texts) {
    log.set_shard(text.substr(0, 200));
    log.set_plugin(text.substr(0, 200), text.substr(0, 200));
    log.write(Level::info, "plugin", text, {{"field", text}, {text.substr(0, 20), "key"}});
  }
  const auto lines = standard_error.lines();
  ASSERT_EQ(lines.size(), texts.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = parsed(lines[i]);
    EXPECT_EQ(member(line, "source"), "plugin");
    EXPECT_NE(member(line, "message"), "(missing)");
    if (!texts[i].empty()) {
      EXPECT_NE(member(line, "field"), "(missing)");
    }
  }
  EXPECT_EQ(member(parsed(lines[3]), "message"), texts[3]);
  EXPECT_EQ(member(parsed(lines[4]), "message"), texts[4]);
  EXPECT_EQ(member(parsed(lines.back()), "message"), texts.back());
}

TEST_F(LogTest, TextLinesStayOneLineWhateverAPluginLogs) {
  Log log(settings(config::LogFormat::text));
  const auto texts = hostile_texts();
  for (const std::string& text : texts) log.write(Level::info, "plugin", text, {{"field", text}});
  for (const std::string& line : standard_error.lines()) {
    for (const char c : line) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\t') << "a control character";
  }
  EXPECT_EQ(standard_error.lines().size(), texts.size());
}

TEST_F(LogTest, ATextLineReads) {
  Log log(settings(config::LogFormat::text));
  log.set_shard("shard-1");
  log.set_plugin("a.b", "2.0");
  log.write(Level::warn, "stderr", "line\tone\nline two", {{"why", "because\nso"}});
  log.write(Level::info, "plugin", "hello");
  const auto lines = standard_error.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].substr(25), R"(warn  shard-1 a.b/2.0 [stderr] line	one\nline two why=because\nso)");
  EXPECT_EQ(lines[1].substr(25), "info  shard-1 a.b/2.0 hello");
}

TEST_F(LogTest, BelowItsLevelNothingIsWritten) {
  Log log(settings(config::LogFormat::text, Level::warn));
  log.write(Level::trace, "host", "trace");
  log.debug("debug");
  log.info("info");
  EXPECT_EQ(standard_error.text(), "");
  EXPECT_FALSE(log.enabled(Level::info));
  EXPECT_TRUE(log.enabled(Level::warn));
  log.warn("warn");
  log.error("error");
  EXPECT_EQ(standard_error.lines().size(), 2u);
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  Log log(settings(config::LogFormat::json));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log, i] {
      for (int j = 0; j < 200; ++j) log.write(Level::info, "plugin", std::string(500, static_cast<char>('a' + i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto lines = standard_error.lines();
  ASSERT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    const std::string text = member(parsed(line), "message");
    EXPECT_EQ(text, std::string(500, text.at(0)));
  }
}

// ---- The launcher

class Launcher {
 public:
  explicit Launcher(const std::string& folder = "run") : path_(dir_ / folder / "log.sock") {
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    std::filesystem::create_directory(path_.parent_path());
    const SocketPath address(path_);
    EXPECT_EQ(::bind(socket_.get(), address.get(), SocketPath::size), 0);
    ::setenv("KCLHOST_LOG_SOCKET", path_.c_str(), 1);
  }
  // The next line; "" when there is none.
  std::string line() {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    return bytes.substr(0, size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  void leave() { socket_.reset(); }

 private:
  test::TempDir dir_;
  std::filesystem::path path_;
  Fd socket_;
};

TEST_F(LogTest, LinesGoToTheLauncher) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  log.info("one");
  log.info("two");
  EXPECT_EQ(member(parsed(launcher.line()), "message"), "one");
  EXPECT_EQ(member(parsed(launcher.line()), "message"), "two");
  EXPECT_EQ(standard_error.text(), "");
}

TEST_F(LogTest, LinesGoToALauncherWhosePathIsTooLongForASocket) {
  Launcher launcher(std::string(120, 'd'));
  Log log(settings(config::LogFormat::json));
  log.info("one");
  EXPECT_EQ(member(parsed(launcher.line()), "message"), "one");
}

TEST_F(LogTest, ALauncherThatDoesNotReadStopsNobody) {
  Launcher launcher;
  std::size_t seen = 0;
  std::string last;
  const auto read = [&] {
    for (std::string line; !(line = launcher.line()).empty(); ++seen) last = line;
  };
  {
    Log log(settings(config::LogFormat::json));
    for (int i = 0; i < 20'000; ++i) log.write(Level::info, "plugin", "line " + std::to_string(i));
    EXPECT_TRUE(log.pending());
    EXPECT_GE(log.fd_to_watch(), 0);
    while (log.pending()) {
      read();
      log.flush();
    }
    read();
  }
  EXPECT_EQ(member(parsed(last), "source"), "host");
  EXPECT_EQ(member(parsed(last), "dropped"), std::to_string(20'000 - (seen - 1)));
  EXPECT_EQ(standard_error.text(), "");
}

TEST_F(LogTest, WhatALauncherLeftUnreadGoesToStandardErrorWhenItLeaves) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  for (int i = 0; i < 1'000; ++i) log.write(Level::info, "plugin", "line " + std::to_string(i));
  ASSERT_TRUE(log.pending());
  launcher.leave();
  log.flush();
  EXPECT_FALSE(log.pending());
  EXPECT_EQ(member(parsed(standard_error.lines().back()), "message"), "line 999");
}

// Another descriptor of the same number would be taken out of the loop with it.
TEST_F(LogTest, WhatIsWatchedStaysOpenWhenTheLauncherLeaves) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  for (int i = 0; i < 1'000; ++i) log.write(Level::info, "plugin", "line " + std::to_string(i));
  ASSERT_TRUE(log.pending());
  const int watched = log.fd_to_watch();
  launcher.leave();
  log.flush();
  const Fd next(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, watched));
  EXPECT_NE(next.get(), watched);
}

TEST_F(LogTest, AFloodOfTheHostsLinesIsFolded) {
  {
    Log log(settings(config::LogFormat::json));
    for (int i = 0; i < 5'000; ++i) log.error("record skipped by on_error", {{"record", std::to_string(i)}});
    EXPECT_LT(log.flush_at(), std::chrono::steady_clock::time_point::max());
  }
  std::uint64_t told = 0;
  const auto lines = standard_error.lines();
  for (const std::string& line : lines) {
    const auto document = parsed(line);
    const std::string left_out = member(document, "left_out");
    told += left_out == "(missing)" ? 1 : std::stoul(left_out);
    EXPECT_NE(member(document, "message").find("record skipped by on_error"), std::string::npos);
  }
  EXPECT_EQ(told, 5'000u);
  EXPECT_LT(lines.size(), 1'000u);
}

TEST_F(LogTest, WhatAPluginLogsIsNotFolded) {
  Log log(settings(config::LogFormat::json));
  for (int i = 0; i < 1'000; ++i) log.write(Level::info, "plugin", "the same");
  EXPECT_EQ(standard_error.lines().size(), 1'000u);
}

TEST_F(LogTest, AnEmptyLineReachesTheLauncher) {
  Launcher launcher;
  Log log(settings(config::LogFormat::text));
  log.info("");
  EXPECT_NE(launcher.line(), "");
}

TEST_F(LogTest, WithTheSinkSetToStandardErrorTheLauncherIsLeftAlone) {
  Launcher launcher;
  Log log({.level = Level::info, .format = config::LogFormat::json, .sink = config::LogSink::standard_error});
  log.info("here");
  EXPECT_EQ(launcher.line(), "");
  EXPECT_EQ(standard_error.lines().size(), 1u);
}

TEST_F(LogTest, WhenTheLauncherLeavesLinesGoToStandardError) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  log.info("there");
  launcher.line();
  launcher.leave();
  log.info("here");
  log.info("and here");
  const auto lines = standard_error.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(member(parsed(lines[0]), "message"), "here");
}

TEST_F(LogTest, ALauncherThatIsNotThereCostsNoLine) {
  for (const std::string& path : {std::string("/nowhere/log.sock"), std::string(), std::string(500, 'x')}) {
    ::setenv("KCLHOST_LOG_SOCKET", path.c_str(), 1);
    Log log(settings(config::LogFormat::json));
    log.info("here");
  }
  EXPECT_EQ(standard_error.lines().size(), 3u);
}

// A datagram holds only so much. What does not fit is not cut into something that is no JSON.
TEST_F(LogTest, LongLinesAreWholeWhereverTheyGo) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  const auto texts = hostile_texts();
  std::size_t whole = 0;
  for (const std::string& text : texts) {
    log.write(Level::info, "plugin", text);
    for (std::string line; !(line = launcher.line()).empty(); ++whole) parsed(line);
  }
  for (const std::string& line : standard_error.lines()) {
    parsed(line);
    ++whole;
  }
  EXPECT_EQ(whole, texts.size());
}

TEST_F(LogTest, AnOverlongLineDoesNotCostTheLauncherTheNextOne) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  log.info(std::string(1'000'000, 'x'));
  log.info("next");
  EXPECT_EQ(standard_error.lines().size(), 1u);
  EXPECT_EQ(member(parsed(launcher.line()), "message"), "next");
}

TEST_F(LogTest, TheLaunchersSocketIsOutOfAPluginsWay) {
  Launcher launcher;
  Log log(settings(config::LogFormat::json));
  std::vector<int> closed;
  for (int fd = 3; fd <= 10; ++fd) {
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    EXPECT_NE(::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size), 0) << "descriptor " << fd;
  }
}

}  // namespace
}  // namespace kclhost::host::observe
