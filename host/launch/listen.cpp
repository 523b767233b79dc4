#include "launch/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kclhost::host::launch {
namespace {

constexpr int waiting_connections = 64;

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t read_address(const std::string& text, SocketAddress& to) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
  if (host.starts_with('[')) {
    to.v6.sin6_family = AF_INET6;
    to.v6.sin6_port = port;
    ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &to.v6.sin6_addr);
    return sizeof to.v6;
  }
  if (host == "localhost") host = "127.0.0.1";
  to.v4.sin_family = AF_INET;
  to.v4.sin_port = port;
  ::inet_pton(AF_INET, host.c_str(), &to.v4.sin_addr);
  return sizeof to.v4;
}

}  // namespace

Result<ListeningPort> listen_at(const std::string& address) {
  const auto failed = [&address](const std::string& cure) {
    return Error{"metrics.listen: cannot listen at " + address + ": " + std::strerror(errno) + cure};
  };
  SocketAddress where{};
  socklen_t size = read_address(address, where);
  ListeningPort port{Fd(::socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), {}};
  if (!port.fd) return failed("");
  const int on = 1;
  ::setsockopt(port.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(port.fd.get(), &where.any, size) != 0) {
    return failed(errno == EADDRINUSE ? "; stop what listens there, or set another port" : "");
  }
  if (::listen(port.fd.get(), waiting_connections) != 0) return failed("");
  ::getsockname(port.fd.get(), &where.any, &size);
  const auto number = ntohs(where.any.sa_family == AF_INET6 ? where.v6.sin6_port : where.v4.sin_port);
  port.address = address.substr(0, address.rfind(':') + 1) + std::to_string(number);
  return port;
}

}  // namespace kclhost::host::launch
