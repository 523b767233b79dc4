#include "hub/packet.hpp"

#include <cstring>

namespace kclhost::host::hub {
namespace {

constexpr std::uint8_t version = 1;

// Both ends are on one machine, so numbers lie as they do there.
struct Header {
  char magic[2];
  std::uint8_t version;
  Type type;
  std::uint16_t part, parts;
};
static_assert(sizeof(Header) == 8);

}  // namespace

std::string make_packet(Type type, std::string_view json, std::size_t part, std::size_t parts) {
  const Header header{{'k', 'h'}, version, type, static_cast<std::uint16_t>(part), static_cast<std::uint16_t>(parts)};
  std::string bytes(sizeof header + json.size(), '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  if (!json.empty()) std::memcpy(bytes.data() + sizeof header, json.data(), json.size());
  return bytes;
}

std::optional<Packet> Packet::read(std::string_view bytes) {
  Header header{};
  if (bytes.size() < sizeof header || bytes.size() > longest_packet) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string_view(header.magic, 2) != "kh" || header.version != version || header.part >= header.parts) {
    return std::nullopt;
  }
  return Packet{header.type, header.part, header.parts, bytes.substr(sizeof header)};
}

}  // namespace kclhost::host::hub
