// The hub's socket: packets of SOCK_SEQPACKET, one connection for each process that reports or asks.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::hub {

// The environment variable that tells hosts the socket's path.
inline constexpr char hub_variable[] = "KCLHOST_HUB";

// Binds a socket in `directory`, which must be private, and gives its path, which may be longer than a socket's
// address. Sockets in it that killed processes have left are removed. Non-blocking.
struct Listening {
  Fd fd;
  std::filesystem::path path;
};
Result<Listening> listen_in(const std::filesystem::path& directory);

// The sockets that are there, whether somebody listens or not.
std::vector<std::filesystem::path> sockets_in(const std::filesystem::path& directory);

// A connection to it, non-blocking; none when nobody listens, or too many wait to be heard.
Fd connect_to(const std::filesystem::path& socket);

// The process at the other end, by the kernel's word; nothing when it is another user's. (root may.)
std::optional<pid_t> own_peer(int fd);

}  // namespace kclhost::host::hub
