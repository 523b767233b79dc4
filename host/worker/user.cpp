#include "worker/user.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace kclhost::host::worker {
namespace {

Error wrong(const std::string& what) {
  return {"worker.user: " + what};
}

// "UID:GID", which the configuration has looked at.
std::optional<User> by_numbers(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  User user;
  std::from_chars(text.data(), text.data() + colon, user.uid);
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), user.gid);
  user.groups = {user.gid};
  return user;
}

std::optional<User> by_name(const std::string& name) {
  std::vector<char> room(16 << 10);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  User user{entry.pw_uid, entry.pw_gid};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

// What this process lacks, by name; "" when it has all.
std::string missing_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  std::string missing;
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return missing;
  constexpr std::array<std::pair<unsigned, const char*>, 3> needed{
      {{CAP_SETUID, "CAP_SETUID"}, {CAP_SETGID, "CAP_SETGID"}, {CAP_KILL, "CAP_KILL"}}};
  for (const auto& [number, name] : needed) {
    if ((sets[0].effective & (std::uint32_t{1} << number)) == 0)
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  return missing;
}

}  // namespace

Result<std::optional<User>> find_user(const config::Worker& worker) {
  if (!worker.user) return std::optional<User>();
  std::optional<User> user = by_numbers(*worker.user);
  if (!user) user = by_name(*worker.user);
  if (!user) {
    return wrong("there is no user " + *worker.user + " here; make it (useradd --system " + *worker.user +
                 "), or name it by its numbers, UID:GID");
  }
  if (user->uid == 0) return wrong(*worker.user + " has root's number; name a user with fewer rights, or leave it out");
  if (const std::string missing = missing_capabilities(); !missing.empty()) {
    return wrong("to run workers as " + *worker.user +
                 " kclhost must be root, or have the capabilities that it lacks: " + missing +
                 "; start it so, or leave worker.user out");
  }
  return user;
}

bool become(const User& user) {
  return ::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0;
}

}  // namespace kclhost::host::worker
