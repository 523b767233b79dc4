// The place where the hosts of a launch say how they are, and where others ask for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/launch_state.hpp"
#include "hub/packet.hpp"
#include "hub/series.hpp"
#include "hub/socket.hpp"
#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::hub {

// Keeps the last word of each host as it came, and takes apart what a host has counted once that has ended: so the
// counters of a shard go on when its next host begins at 0. Never waits: who does not read what was asked for is cut
// off. One thread, the loop's.
class Hub {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  // Makes the socket in `directory`, which must be private. Says nothing and hears nothing before attach.
  static Result<std::unique_ptr<Hub>> open(const std::filesystem::path& directory);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  const std::filesystem::path& path() const { return listening_.path; }
  LaunchState& launch() { return launch_; }
  // Of a launch that looks after those of several streams: theirs. What each says itself, its process having the pid
  // that stands here, replaces it; once it is no more, it has no daemon either.
  std::vector<LaunchState>& streams() { return streams_; }

  // Takes part in the loop from now on, until detach. The loop must live until then.
  void attach(EventLoop& loop);
  void detach();

  enum class What { state, all };  // all: the metrics too
  // What it knows, as the packets that a reader gets. Soon after, hosts that were silent are asked how they are, for
  // the next one who wants to know.
  std::deque<Bytes> tell(What what = What::all);

 private:
  struct Peer {
    Fd fd;
    pid_t pid = 0;
    std::int64_t since_ms = 0, heard_ms = 0;
    std::int64_t asked_ms = 0;  // to say how it is, and has not yet
    std::shared_ptr<std::string> state;
    std::vector<std::shared_ptr<std::string>> metrics;  // by part, all of one report
    std::vector<std::shared_ptr<std::string>> coming;   // the first `come` parts of the next one
    std::size_t come = 0;
    std::string stream;  // it is this one's launch
    bool reads = false;  // it has asked, and gets what is in `out`
    std::deque<Bytes> out;
  };

  Hub(Listening listening, Fd peers_at_once, Fd time_to_ask)
      : listening_(std::move(listening)),
        peers_at_once_(std::move(peers_at_once)),
        time_to_ask_(std::move(time_to_ask)) {}
  bool watch(int operation, int fd, std::uint32_t events);
  void turn();
  void accept();
  void cut_off_stalled(const Peer& but);
  void hear(Peer& peer);
  void take(Peer& peer, const Packet& packet, std::string_view bytes);
  static void take_part(Peer& peer, const Packet& packet, std::string_view bytes);
  void take_stream(Peer& peer, std::string_view json);
  void answer(Peer& peer);
  void ask_hosts_soon();
  void ask_hosts();
  void write(Peer& peer);
  void close(Peer& peer);
  void count(const Peer& peer);

  Listening listening_;
  Fd peers_at_once_;  // an epoll: to poll hundreds of peers for each packet costs more than all else of it
  Fd time_to_ask_;    // a timer
  bool will_ask_ = false;
  LaunchState launch_;
  std::vector<LaunchState> streams_;
  EventLoop* loop_ = nullptr;
  std::map<int, std::unique_ptr<Peer>> peers_;  // by descriptor
  // What hosts counted that have ended, by stream and shard, and in what order they last ended.
  struct Left {
    Tally counted;
    std::uint64_t order = 0;
  };
  std::map<std::pair<std::string, std::string>, Left> left_;
  std::uint64_t endings_ = 0;
  std::string buffer_;
};

}  // namespace kclhost::host::hub
