#include "hub/snapshot.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "hub/packet.hpp"
#include "hub/socket.hpp"
#include "support/json.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::hub {
namespace {

using json::number_of;
using json::text_of;

// Puts the packets together, in the order in which they come.
class Reader {
 public:
  explicit Reader(Snapshot& to) : to_(to) {}

  // False: the packet makes no sense.
  bool take(const Packet& packet) {
    if (packet.type == Type::metrics) return add(packet.json);
    if (packet.type == Type::shard) return host_says(packet.json);
    if (packet.type == Type::launch || packet.type == Type::stream) return launch_says(packet.type, packet.json);
    rapidjson::Document document;
    if (json::parse(packet.json, document, json::Utf8::checked) || !document.IsObject()) return false;
    switch (packet.type) {
      case Type::host:
        to_.hosts.push_back({.pid = number_of(document, "pid"),
                             .since_ms = number_of(document, "since_ms"),
                             .heard_ms = number_of(document, "heard_ms"),
                             .asked_ms = number_of(document, "asked_ms")});
        series_ = &to_.hosts.back().series;
        return true;
      case Type::left:
        to_.left.push_back({text_of(document, "stream"), text_of(document, "shard"), {}});
        series_ = &to_.left.back().series;
        return true;
      default:
        over_ |= packet.type == Type::over;
        return true;
    }
  }
  bool over() const { return over_; }

 private:
  bool add(std::string_view json) {
    if (series_ == nullptr) return false;
    series_->emplace_back(json);
    return true;
  }
  bool launch_says(Type type, std::string_view json) {
    auto state = parse_launch_state(json);
    if (!state) return false;
    (type == Type::launch ? to_.launch : to_.streams.emplace_back()) = std::move(*state);
    return true;
  }
  // What a host has sent is its own doing: what makes no sense in it is left out.
  bool host_says(std::string_view json) {
    if (to_.hosts.empty()) return false;
    if (auto state = parse_shard_state(json)) to_.hosts.back().state = std::move(*state);
    return true;
  }

  Snapshot& to_;
  std::vector<std::string>* series_ = nullptr;
  bool over_ = false;
};

}  // namespace

std::vector<LaunchState> Snapshot::daemons() const {
  return streams.empty() ? std::vector<LaunchState>{launch} : streams;
}

Snapshot Snapshot::part(const LaunchState& one) const {
  Snapshot part{.launch = one, .taken_ms = taken_ms};
  const auto is_its = [&one](const std::string& stream) { return stream == one.label(); };
  std::copy_if(hosts.begin(), hosts.end(), std::back_inserter(part.hosts),
               [&](const Host& host) { return is_its(host.state.stream); });
  std::copy_if(left.begin(), left.end(), std::back_inserter(part.left),
               [&](const Left& ended) { return is_its(ended.stream); });
  return part;
}

Snapshot look_at(Hub& hub, Hub::What what) {
  Snapshot snapshot;
  Reader reader(snapshot);
  for (const Hub::Bytes& bytes : hub.tell(what)) {
    if (const auto packet = Packet::read(*bytes)) reader.take(*packet);
  }
  snapshot.taken_ms = wall_clock_ms();
  return snapshot;
}

Result<Snapshot> ask_hub(const std::filesystem::path& socket, std::chrono::milliseconds patience) {
  const Fd fd = connect_to(socket);
  if (!fd) return Error{socket.string() + ": nobody answers here: " + std::strerror(errno)};
  ::fcntl(fd.get(), F_SETFL, 0);  // to wait, but only so long
  const timeval limit{static_cast<time_t>(patience.count() / 1000),
                      static_cast<suseconds_t>(patience.count() % 1000 * 1000)};
  for (const int way : {SO_RCVTIMEO, SO_SNDTIMEO}) ::setsockopt(fd.get(), SOL_SOCKET, way, &limit, sizeof limit);
  const std::string query = make_packet(Type::query, "{}");
  Snapshot snapshot;
  Reader reader(snapshot);
  std::string buffer;
  if (::send(fd.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) {
    return Error{socket.string() + ": cannot be asked: " + std::strerror(errno)};
  }
  while (!reader.over()) {
    buffer.resize(longest_packet + 1);
    const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Error{socket.string() + ": kclhost launch does not answer"};
    const auto packet = Packet::read({buffer.data(), static_cast<std::size_t>(size)});
    if (!packet || !reader.take(*packet)) {
      return Error{socket.string() + ": what answers here is no kclhost launch of this version"};
    }
  }
  snapshot.taken_ms = wall_clock_ms();
  return snapshot;
}

}  // namespace kclhost::host::hub
