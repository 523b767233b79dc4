#include "hub/socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "support/random_seed.hpp"
#include "support/socket_path.hpp"

namespace kclhost::host::hub {
namespace {

namespace fs = std::filesystem;

constexpr int waiting_connections = 1024;
constexpr char prefix[] = "hub-", suffix[] = ".sock", draft_suffix[] = ".new";

Fd make_socket(int flags) {
  return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
}

// Nobody accepts from it any more.
bool is_abandoned(const fs::path& path) {
  const SocketPath address(path);
  const Fd probe = make_socket(SOCK_NONBLOCK);
  return probe && address.valid() && ::connect(probe.get(), address.get(), SocketPath::size) != 0 &&
         errno == ECONNREFUSED;
}

Error cant_listen(const fs::path& path) {
  return {path.string() + ": cannot make a socket here: " + std::strerror(errno)};
}

std::vector<fs::path> find_sockets(const fs::path& directory, std::string_view ending) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with(prefix) && name.ends_with(ending) && entry->is_socket(ignored)) found.push_back(entry->path());
  }
  return found;
}

// Of processes that were killed.
void remove_abandoned(const fs::path& directory) {
  for (const char* const ending : {suffix, draft_suffix}) {
    for (const fs::path& left : find_sockets(directory, ending)) {
      if (is_abandoned(left)) ::unlink(left.c_str());
    }
  }
}

}  // namespace

std::vector<fs::path> sockets_in(const fs::path& directory) {
  return find_sockets(directory, suffix);
}

Result<Listening> listen_in(const fs::path& directory) {
  remove_abandoned(directory);
  for (;;) {
    const std::string name = prefix + std::to_string(::getpid()) + "-" + std::to_string(random_seed());
    Listening made{make_socket(SOCK_NONBLOCK), directory / (name + suffix)};
    // It gets its name when it listens: until then another launch would take it for abandoned.
    const fs::path draft = directory / (name + draft_suffix);
    const SocketPath address(draft);
    if (!made.fd || !address.valid() || ::bind(made.fd.get(), address.get(), SocketPath::size) != 0 ||
        ::listen(made.fd.get(), waiting_connections) != 0) {
      return cant_listen(made.path);
    }
    if (::rename(draft.c_str(), made.path.c_str()) == 0) return made;
    // Another launch that begins took the draft for abandoned before we listened.
    if (errno != ENOENT) return cant_listen(made.path);
  }
}

Fd connect_to(const fs::path& socket) {
  const SocketPath address(socket);
  Fd fd = make_socket(SOCK_NONBLOCK);
  if (!fd || !address.valid() || ::connect(fd.get(), address.get(), SocketPath::size) != 0) return {};
  return fd;
}

std::optional<pid_t> own_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  if (peer.uid != 0 && peer.uid != ::geteuid()) return std::nullopt;
  return peer.pid;
}

}  // namespace kclhost::host::hub
