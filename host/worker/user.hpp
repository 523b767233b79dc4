// Another user for a worker: worker.user.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "support/result.hpp"

namespace kclhost::host::worker {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
};

// The user of worker.user, which this process may become: it has the capabilities for that, and for ending such a
// worker. None where the configuration names none. The error is one line that begins with the key.
Result<std::optional<User>> find_user(const config::Worker& worker);

// This process is that user from here on, and can't go back. Only where it has one thread. False, with errno, when it
// can't: it is then to end.
bool become(const User& user);

}  // namespace kclhost::host::worker
