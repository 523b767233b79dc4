// The packets on the hub's socket: eight bytes that say what follows, and JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::hub {

// Who does not know a type passes over it.
enum class Type : std::uint8_t {
  // A host says, whenever it has changed; the last one counts.
  shard = 1,    // ShardState
  metrics = 2,  // series, in several parts
  // The launch of one of several streams says, whenever it has changed: LaunchState. The hub passes it on.
  stream = 3,
  // A reader asks for all that the hub knows.
  query = 16,
  // The hub answers with: launch; for each stream: stream; for each host that is connected: host, and what that said
  // last; for each shard that a host has left: left, and metrics; over.
  launch = 32,
  host = 33,
  left = 34,
  over = 35,
  // The hub asks a host to say how it is.
  report = 48,
};

// Bytes. The socket hands over whole packets, so nothing says how long one is.
inline constexpr std::size_t longest_packet = 64 * 1024;

std::string make_packet(Type type, std::string_view json, std::size_t part = 0, std::size_t parts = 1);

// A packet as it was received; a view of those bytes.
struct Packet {
  Type type{};
  std::uint16_t part = 0, parts = 1;  // which one of so many, from 0
  std::string_view json;

  // Nothing for what is no packet, or one of another version.
  static std::optional<Packet> read(std::string_view bytes);
};

}  // namespace kclhost::host::hub
