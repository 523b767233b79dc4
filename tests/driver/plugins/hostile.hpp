// What a plugin may try against its host and the daemon. The record that tells it to is accepted all the same: nothing
// of this may have any effect, except on the worker itself.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hostile {

inline std::vector<std::string> descriptors_of(const std::string& process) {
  std::vector<std::string> paths;
  const std::string folder = "/proc/" + process + "/fd";
  DIR* const all = ::opendir(folder.c_str());
  if (all == nullptr) return paths;
  while (const dirent* one = ::readdir(all)) {
    if (one->d_name[0] != '.') paths.push_back(folder + "/" + one->d_name);
  }
  ::closedir(all);
  return paths;
}

inline bool is_memory(const std::string& path) {
  char target[64] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) > 0 && std::strncmp(target, "/memfd:", 7) == 0;
}

// Takes the memory that host and worker share away from under the host, or writes into it.
inline void truncate_mappings() {
  for (const std::string& path : descriptors_of("self")) {
    if (!is_memory(path)) continue;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    for (const off_t size : {off_t{0}, off_t{4096}}) static_cast<void>(::ftruncate(fd, size) == 0);
    static_cast<void>(::pwrite(fd, "garbage", 7, 0) == 7);
    ::close(fd);
  }
}

// Overwrites the page over which host and worker tell one another how far a call is.
inline void scribble() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0;
    if (line.find("kclhost-control") == std::string::npos) continue;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2) continue;
    std::memset(reinterpret_cast<void*>(from), 0xff, to - from);
  }
}

// Answers the daemon in the host's place.
inline void write_to_daemon() {
  const std::string host = std::to_string(::getppid());
  constexpr std::string_view lie = "\n{\"action\":\"status\",\"responseFor\":\"processRecords\"}\n";
  for (const std::string& path : descriptors_of(host)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) continue;
    static_cast<void>(::write(fd, lie.data(), lie.size()) > 0);
    ::close(fd);
  }
  const int memory = ::open(("/proc/" + host + "/mem").c_str(), O_RDWR | O_CLOEXEC);
  if (memory >= 0) std::abort();  // the host's memory is open to its workers
}

// Sends the host messages of all kinds and none, from a process that is not the worker.
inline void forge() {
  const pid_t child = ::fork();
  if (child != 0) {
    if (child > 0) ::waitpid(child, nullptr, 0);
    return;
  }
  std::minstd_rand random(static_cast<unsigned>(::getpid()));
  for (int fd = 3; fd < 256; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
    for (int i = 0; i < 64; ++i) {
      unsigned char bytes[160];
      for (unsigned char& one : bytes) one = static_cast<unsigned char>(i % 2 == 0 ? random() : i / 2 == &one - bytes);
      static_cast<void>(::send(fd, bytes, static_cast<std::size_t>(i) * sizeof bytes / 64, MSG_DONTWAIT) > 0);
    }
  }
  ::_exit(0);
}

// The child returns from process_records too, and checkpoints too.
inline void return_twice() {
  static_cast<void>(::fork());
}

inline void act(std::string_view deed) {
  if (deed == "truncate") truncate_mappings();
  if (deed == "scribble") scribble();
  if (deed == "pipes") write_to_daemon();
  if (deed == "forge") forge();
  if (deed == "fork") return_twice();
}

}  // namespace hostile
