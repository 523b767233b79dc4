#include "launch/parent.hpp"

#include <sys/socket.h>

#include <cstdlib>

#include "hub/packet.hpp"
#include "hub/socket.hpp"

namespace kclhost::host::launch {

std::optional<Parent> Parent::from_environment() {
  const char* const path = std::getenv(parent_variable);
  if (path == nullptr || *path == '\0') return std::nullopt;
  Parent parent;
  parent.hub_ = path;
  parent.fd_ = hub::connect_to(path);
  ::unsetenv(parent_variable);
  return parent;
}

void Parent::tell(const hub::LaunchState& state) const {
  const std::string packet = hub::make_packet(hub::Type::stream, state.json());
  ::send(fd_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace kclhost::host::launch
