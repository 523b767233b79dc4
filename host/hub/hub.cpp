#include "hub/hub.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hub/shard_state.hpp"
#include "support/json_out.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::hub {
namespace {

// A host is asked how it is when it was silent for so long: an idle one says nothing by itself.
constexpr std::int64_t silence_ms = 2'000;
// So long after somebody has asked the hub: hundreds of hosts that answer at once would take the processors from
// whoever makes something of what the hub has told.
constexpr long wait_to_ask_ns = 500'000'000;
// More connections than that are refused, and so many readers are answered at once: what they are sent stays in memory
// until they have read it.
constexpr std::size_t most_peers = 10'000, most_readers = 16;
// A reader that takes nothing for so long is cut off once another one asks.
constexpr std::int64_t patience_with_reader_ms = 5'000;
// Of shards that nobody here has any more the counters of so many are kept, the latest.
constexpr std::size_t most_left = 2'000;
// Per turn of the loop.
constexpr int most_events = 64;

// Where the last ones were, unless a reader still has to get those.
void keep(std::shared_ptr<std::string>& where, std::string_view bytes) {
  if (where.use_count() == 1) {
    where->assign(bytes);
  } else {
    where = std::make_shared<std::string>(bytes);
  }
}

}  // namespace

Result<std::unique_ptr<Hub>> Hub::open(const std::filesystem::path& directory) {
  auto listening = listen_in(directory);
  if (!listening) return Error{listening.error()};
  Fd peers_at_once(::epoll_create1(EPOLL_CLOEXEC));
  Fd time_to_ask(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!peers_at_once || !time_to_ask) return Error{std::string("the hub: ") + std::strerror(errno)};
  return std::unique_ptr<Hub>(new Hub(std::move(*listening), std::move(peers_at_once), std::move(time_to_ask)));
}

Hub::~Hub() {
  detach();
  ::unlink(listening_.path.c_str());
}

void Hub::attach(EventLoop& loop) {
  loop_ = &loop;
  loop_->add(listening_.fd.get(), [this] { accept(); });
  loop_->add(peers_at_once_.get(), [this] { turn(); });
  loop_->add(time_to_ask_.get(), [this] { ask_hosts(); });
}

void Hub::detach() {
  if (loop_ == nullptr) return;
  loop_->remove(listening_.fd.get());
  loop_->remove(peers_at_once_.get());
  loop_->remove(time_to_ask_.get());
  peers_.clear();
  loop_ = nullptr;
}

void Hub::accept() {
  Fd fd(::accept4(listening_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd || peers_.size() >= most_peers) return;
  const auto pid = own_peer(fd.get());
  if (!pid) return;
  auto peer = std::make_unique<Peer>();
  peer->pid = *pid;
  peer->since_ms = peer->heard_ms = wall_clock_ms();
  const int number = fd.get();
  peer->fd = std::move(fd);
  if (!watch(EPOLL_CTL_ADD, number, EPOLLIN)) return;
  peers_[number] = std::move(peer);
}

bool Hub::watch(int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return ::epoll_ctl(peers_at_once_.get(), operation, fd, &event) == 0;
}

// One of them may be the end of another.
void Hub::turn() {
  epoll_event events[most_events];
  const int count = ::epoll_wait(peers_at_once_.get(), events, most_events, 0);
  for (int i = 0; i < count; ++i) {
    const auto found = peers_.find(events[i].data.fd);
    if (found == peers_.end()) continue;
    Peer& peer = *found->second;
    peer.reads ? write(peer) : hear(peer);
  }
}

// As many packets as a host sends at once, and no more, so that one of them can't keep the loop for itself.
void Hub::hear(Peer& peer) {
  for (int i = 0; i < 8; ++i) {
    buffer_.resize(longest_packet + 1);
    const ssize_t size = ::recv(peer.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return close(peer);
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(size));
    const auto packet = Packet::read(bytes);
    if (!packet) return close(peer);
    if (packet->type == Type::query) return answer(peer);
    take(peer, *packet, bytes);
    if (packet->type == Type::metrics && packet->part + 1 == packet->parts) return;  // the last of what it says at once
  }
}

void Hub::take(Peer& peer, const Packet& packet, std::string_view bytes) {
  peer.heard_ms = wall_clock_ms();
  peer.asked_ms = 0;
  if (packet.type == Type::shard) {
    keep(peer.state, bytes);
  } else if (packet.type == Type::metrics) {
    take_part(peer, packet, bytes);
  } else if (packet.type == Type::stream) {
    take_stream(peer, packet.json);
  }
}

// Parts of two reports don't belong together: a series could be in both, or in neither.
void Hub::take_part(Peer& peer, const Packet& packet, std::string_view bytes) {
  const std::size_t part = packet.part, parts = packet.parts;
  if (part == 0) peer.come = 0;
  if (part != peer.come || (part != 0 && parts != peer.coming.size())) return;
  peer.coming.resize(parts);
  keep(peer.coming[part], bytes);
  if (++peer.come < parts) return;
  peer.metrics.swap(peer.coming);
  peer.come = 0;
}

void Hub::take_stream(Peer& peer, std::string_view json) {
  auto said = parse_launch_state(json);
  const auto known = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const LaunchState& one) { return said && one.name == said->name; });
  if (known == streams_.end() || known->pid != peer.pid) return;
  peer.stream = said->name;
  said->pid = known->pid;
  said->restarts = known->restarts;
  *known = std::move(*said);
}

void Hub::cut_off_stalled(const Peer& but) {
  const std::int64_t now = wall_clock_ms();
  std::vector<Peer*> stalled;
  for (const auto& [fd, peer] : peers_) {
    if (peer->reads && peer.get() != &but && now - peer->heard_ms > patience_with_reader_ms) {
      stalled.push_back(peer.get());
    }
  }
  for (Peer* const peer : stalled) close(*peer);
}

std::deque<Hub::Bytes> Hub::tell(What what) {
  std::deque<Bytes> all;
  const auto add = [&all](Type type, std::string_view json, std::size_t part = 0, std::size_t parts = 1) {
    all.push_back(std::make_shared<const std::string>(make_packet(type, json, part, parts)));
  };
  add(Type::launch, launch_.json());
  for (const LaunchState& one : streams_) add(Type::stream, one.json());
  for (const auto& [fd, host] : peers_) {
    if (!host->state) continue;
    JsonOut out;
    out.open('{').member("pid", host->pid).member("since_ms", host->since_ms).member("heard_ms", host->heard_ms);
    add(Type::host, out.member("asked_ms", host->asked_ms).close('}').take());
    all.push_back(host->state);
    if (what == What::state) continue;
    all.insert(all.end(), host->metrics.begin(), host->metrics.end());
  }
  for (const auto& [whose, left] : left_) {
    if (what == What::state) break;
    JsonOut out;
    add(Type::left, out.open('{').member("stream", whose.first).member("shard", whose.second).close('}').take());
    const auto parts = to_json(left.counted.series(), longest_packet / 2);
    for (std::size_t i = 0; i < parts.size(); ++i) add(Type::metrics, parts[i], i, parts.size());
  }
  add(Type::over, "{}");
  ask_hosts_soon();
  return all;
}

void Hub::answer(Peer& peer) {
  cut_off_stalled(peer);
  const auto readers = std::count_if(peers_.begin(), peers_.end(), [](const auto& one) { return one.second->reads; });
  if (static_cast<std::size_t>(readers) >= most_readers) return close(peer);
  peer.reads = true;
  peer.heard_ms = wall_clock_ms();
  peer.out = tell();
  // It asks again once it has everything.
  watch(EPOLL_CTL_MOD, peer.fd.get(), EPOLLOUT);
  write(peer);
}

void Hub::write(Peer& peer) {
  while (!peer.out.empty()) {
    const std::string& bytes = *peer.out.front();
    if (::send(peer.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return;
      return close(peer);
    }
    peer.out.pop_front();
    peer.heard_ms = wall_clock_ms();
  }
  peer.reads = false;
  watch(EPOLL_CTL_MOD, peer.fd.get(), EPOLLIN);
}

void Hub::ask_hosts_soon() {
  if (std::exchange(will_ask_, true)) return;
  itimerspec time{};
  time.it_value.tv_nsec = wait_to_ask_ns;
  ::timerfd_settime(time_to_ask_.get(), 0, &time, nullptr);
}

// What they answer is there for who asks next.
void Hub::ask_hosts() {
  std::uint64_t expirations = 0;
  if (::read(time_to_ask_.get(), &expirations, sizeof expirations) < 0) return;
  will_ask_ = false;
  const std::int64_t now = wall_clock_ms();
  const std::string packet = make_packet(Type::report, "{}");
  for (const auto& [fd, host] : peers_) {
    if (!host->state || host->asked_ms != 0 || now - host->heard_ms < silence_ms) continue;
    if (::send(fd, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN) {
      host->asked_ms = now;
    }
  }
}

void Hub::close(Peer& peer) {
  watch(EPOLL_CTL_DEL, peer.fd.get(), 0);
  if (peer.state) count(peer);
  for (LaunchState& one : streams_) {
    if (one.name == peer.stream && one.pid == peer.pid) one.daemon_pid = 0;
  }
  peers_.erase(peer.fd.get());
}

void Hub::count(const Peer& peer) {
  const auto state = parse_shard_state(Packet::read(*peer.state)->json);
  if (!state || state->shard.empty()) return;
  Left& left = left_[{state->stream, state->shard}];
  left.order = ++endings_;
  for (const auto& part : peer.metrics) {
    auto all = parse_series(Packet::read(*part)->json);
    if (!all) continue;
    for (Series& one : *all) left.counted.add_counted(std::move(one));
  }
  if (left_.size() <= most_left) return;
  left_.erase(std::min_element(left_.begin(), left_.end(), [](const auto& one, const auto& other) {
    return one.second.order < other.second.order;
  }));
}

}  // namespace kclhost::host::hub
