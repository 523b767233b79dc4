#include "support/socket_path.hpp"

#include <fcntl.h>

#include <cstdio>

namespace kclhost::host {

SocketPath::SocketPath(const std::filesystem::path& path)
    : folder_(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  address_.sun_family = AF_UNIX;
  const int wanted = std::snprintf(address_.sun_path, sizeof address_.sun_path, "/proc/self/fd/%d/%s", folder_.get(),
                                   path.filename().c_str());
  valid_ = folder_ && wanted > 0 && static_cast<std::size_t>(wanted) < sizeof address_.sun_path;
}

}  // namespace kclhost::host
