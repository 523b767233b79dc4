// A batch costs no heap allocation once the ones before it have made the room: neither per record nor per batch.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "allocation_count.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "replay/daemon_lines.hpp"
#include "run/host.hpp"

namespace kclhost::host {
namespace {

// A host on a thread of its own, whose allocations are counted, and the daemon's ends of its pipes.
class Served {
 public:
  explicit Served(const std::string& isolation)
      : state_(std::filesystem::temp_directory_path() / "kclhost-allocations") {
    const std::string yaml = "version: 1\nplugins_dir: " KCLHOST_PLUGINS_DIR
                             "\nplugin: {path: noop.so}\nlog: {level: error}\ncheckpoint: {interval: 1h}\nisolation: " +
                             isolation + "\nstate_dir: " + (state_.string() + std::to_string(::getpid())) + "\n";
    config_ = config::parse(yaml, "/kclhost.yaml").config;
    EXPECT_EQ(::pipe2(in_, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out_, O_CLOEXEC), 0);
    thread_ = std::thread([this] {
      observe::Log log(config_.log);
      run::Host host(config_, std::nullopt, log, in_[0], out_[1]);
      test::count_my_allocations();
      EXPECT_EQ(host.run(), 0);
      ::close(out_[1]);
    });
  }
  ~Served() {
    ::close(in_[1]);
    thread_.join();
    for (const int fd : {in_[0], out_[0]}) ::close(fd);
    std::filesystem::remove_all(config_.state_dir);
  }

  // Sends a line and waits for the status.
  void exchange(const std::string& line) {
    for (std::string_view rest = line; !rest.empty();) {
      const ssize_t n = ::write(in_[1], rest.data(), rest.size());
      ASSERT_GT(n, 0);
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    for (int newlines = 0; newlines < 2;) {  // one before the status, one behind it
      char c;
      ASSERT_EQ(::read(out_[0], &c, 1), 1);
      newlines += c == '\n';
    }
  }

 private:
  std::filesystem::path state_;
  config::Config config_;
  int in_[2], out_[2];
  std::thread thread_;
};

std::string batch(int records, std::size_t base64_size) {
  std::string line;
  replay::begin_batch(line);
  for (int i = 0; i < records; ++i) {
    const std::string data(base64_size, 'Q'),
        number = "4959033827149025660855969253836157109592157598913658" + std::to_string(1000 + i);
    replay::append_record({data, "key-" + std::to_string(i), number, 0, 1'700'000'000'000}, i == 0, line);
  }
  replay::end_batch(0, line);
  return line;
}

class Allocations : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Isolation, Allocations, testing::Values("process", "none"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Allocations, NoneForABatchOnceWarm) {
  Served host(GetParam());
  host.exchange(replay::initialize_line("shardId-000000000000", {}));
  const std::vector<std::string> batches = {batch(1, 40), batch(1000, 136), batch(3000, 1368)};
  for (int round = 0; round < 2; ++round) {
    for (const std::string& line : batches) host.exchange(line);
  }
  const std::size_t warm = test::allocations();
  for (int round = 0; round < 20; ++round) {
    for (const std::string& line : batches) host.exchange(line);
  }
  EXPECT_EQ(test::allocations() - warm, 0u) << "in 60 batches";
}

}  // namespace
}  // namespace kclhost::host
