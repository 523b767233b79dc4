// Hosts of one machine, in one process, for tests of releases.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core_fixtures.hpp"
#include "observe/replay_channel.hpp"
#include "run/releases.hpp"
#include "store/release_store.hpp"

namespace kclhost::host::test {

using run::Releases;

// One host process, but for the process.
class OneHost {
 public:
  // `before_it_opens`: once it has read its configuration.
  OneHost(const std::filesystem::path& file, const std::string& shard,
          const std::function<void()>& before_it_opens = {})
      : config_(config::load(file).config), log_(config_.log), releases_(std::in_place, config_, log_) {
    if (before_it_opens) before_it_opens();
    open = releases_->open();
    if (open.empty() && !shard.empty()) releases_->begin_shard(shard);
  }

  Releases* operator->() { return &*releases_; }
  Releases::Wanted wanted() { return releases_->wanted(); }
  void end() { releases_.reset(); }

  // What the host's loop does, until it wants that.
  void until(Releases::Wanted wanted) {
    until([&] { return releases_->wanted() == wanted; });
  }
  template <class Done>
  void until(Done done) {
    while (!done()) turn(std::chrono::milliseconds{100});
  }
  void turn(std::chrono::milliseconds longest) {
    const auto now = Clock::now();
    const auto next = std::max(now, std::min(releases_->deadline(), now + longest));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    pollfd readable{releases_->fd(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) > 0) releases_->on_readable();
    if (releases_->deadline() <= Clock::now()) releases_->on_time();
  }
  // Whether the log has such a line.
  std::size_t said(const std::string& text) const {
    std::size_t count = 0;
    for (const std::string& line : log_.last_lines()) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

  std::string open;

 private:
  config::Config config_;
  observe::Log log_;
  std::optional<Releases> releases_;
};

class Machine : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv(observe::replay_variable);
    std::filesystem::create_directories(dir / "plugins");
    configure("");
    put(1);
  }

  void configure(const std::string& more, const std::string& plugin = "{path: p.so}") {
    put_file(dir / "k.yaml", "version: 1\nplugin: " + plugin +
                                 "\nstate_dir: state\ndaemon: {properties: {applicationName: app}}\n" + more);
  }
  std::string version(int number) {
    return contents(KCLHOST_TEST_PLUGINS "/teller.so") + std::string(static_cast<std::size_t>(number), ' ');
  }
  // As `cp` does, or by rename.
  void put(int number) { put_file(dir / "plugins/p.so", version(number), 0755); }
  void replace(int number) {
    put_file(dir / "plugins/new", version(number), 0755);
    std::filesystem::rename(dir / "plugins/new", dir / "plugins/p.so");
  }
  std::unique_ptr<OneHost> start(const std::string& shard) {
    auto host = std::make_unique<OneHost>(dir / "k.yaml", shard);
    EXPECT_EQ(host->open, "");
    return host;
  }
  // A machine on which release 1 runs.
  void proven() {
    auto host = start("s0");
    (*host)->taken(1);
    host->end();
  }
  store::ReleaseStore store() { return {dir / "state", "app"}; }
  rollout::State state() {
    const auto read = store().state();
    EXPECT_TRUE(read) << read.error();
    return read ? *read : rollout::State();
  }
  std::vector<rollout::What> history() {
    std::vector<rollout::What> all;
    for (const rollout::Event& event : state().history) all.push_back(event.what);
    return all;
  }

  TempDir dir;
};

}  // namespace kclhost::host::test
