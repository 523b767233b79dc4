#include "observe/outlet.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace kclhost::host::observe {
namespace {

// Out of the way of plugins that close the low descriptors.
constexpr int lowest_fd = 100;

bool would_wait(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

// O_NONBLOCK belongs to the open file description, which others share; so we open the same thing once more.
Fd reopened(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const Fd opened(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return opened ? Fd(::fcntl(opened.get(), F_DUPFD_CLOEXEC, lowest_fd)) : Fd();
}

bool takes_some(int fd) {
  pollfd writable{fd, POLLOUT, 0};
  return ::poll(&writable, 1, 0) > 0;
}

}  // namespace

Outlet Outlet::to_descriptor(int fd, Notice notice, std::size_t capacity) {
  Outlet outlet;
  outlet.fd_ = fd;
  outlet.notice_ = std::move(notice);
  outlet.capacity_ = capacity;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return outlet;
  if (S_ISSOCK(status.st_mode)) {
    outlet.kind_ = Kind::stream_socket;
  } else if (S_ISFIFO(status.st_mode) || ::isatty(fd) == 1) {
    outlet.own_ = reopened(fd);
    outlet.kind_ = outlet.own_ ? Kind::non_blocking : Kind::polled;
  } else {
    outlet.kind_ = Kind::direct;
  }
  if (!outlet.own_) outlet.own_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, lowest_fd));
  return outlet;
}

Outlet Outlet::to_socket(Fd socket, Notice notice, std::size_t capacity) {
  Outlet outlet;
  outlet.own_ = Fd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, lowest_fd));
  outlet.kind_ = outlet.own_ ? Kind::datagram_socket : Kind::none;
  outlet.notice_ = std::move(notice);
  outlet.capacity_ = capacity;
  return outlet;
}

Outlet Outlet::to_file(LogFile file, Notice notice) {
  Outlet outlet;
  outlet.kind_ = Kind::file;
  outlet.file_ = std::move(file);
  outlet.notice_ = std::move(notice);
  outlet.capacity_ = standard_capacity;
  return outlet;
}

void Outlet::write(std::string line) {
  if (kind_ == Kind::none) return;
  flush();
  const std::size_t waiting = waiting_bytes();
  // What has begun to drop lines goes on until there is room for the line that says so.
  if (broken_ || (dropped_ != 0 && !lines_.empty()) || (waiting > capacity_ / 2 && waiting + line.size() > capacity_)) {
    ++dropped_;
    return;
  }
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  flush();
}

void Outlet::flush() {
  while (!lines_.empty() && !broken_) {
    switch (send_front()) {
      case Sent::later:
        return;
      case Sent::failed:
        dropped_ += notice_waits_ && lines_.size() == 1 ? in_notice_ : 1;
        remove_front();
        break;
      case Sent::all:
        remove_front();
        give_notice();
    }
  }
}

void Outlet::drop_waiting() {
  for (const std::size_t begun = front_sent_ == 0 ? 0 : 1; lines_.size() > begun; lines_.pop_back()) {
    dropped_ += std::exchange(notice_waits_, false) ? in_notice_ : 1;
    bytes_ -= lines_.back().size();
  }
  give_notice();
}

// Behind what is in the buffer, once half of that is free.
void Outlet::give_notice() {
  if (dropped_ == 0 || notice_waits_ || bytes_ > capacity_ / 2 || !notice_) return;
  in_notice_ = std::exchange(dropped_, 0);
  notice_waits_ = true;
  std::string line = notice_(in_notice_, std::exchange(why_, {}));
  bytes_ += line.size();
  lines_.push_back(std::move(line));
}

void Outlet::remove_front() {
  notice_waits_ = notice_waits_ && lines_.size() > 1;
  bytes_ -= lines_.front().size();
  front_sent_ = 0;
  lines_.pop_front();
}

Outlet::Sent Outlet::send_front() {
  const std::string& line = lines_.front();
  if (kind_ == Kind::file) {
    const int error = file_->append(line);
    if (error != 0) why_ = file_->path().string() + ": " + std::strerror(error);
    return error == 0 ? Sent::all : Sent::failed;
  }
  const bool datagram = kind_ == Kind::datagram_socket;
  const std::size_t end = datagram && line.ends_with('\n') ? line.size() - 1 : line.size();
  do {
    std::size_t size = end - front_sent_;
    if (kind_ == Kind::polled) {
      if (!takes_some(fd())) return Sent::later;
      size = std::min<std::size_t>(size, PIPE_BUF);  // so much a pipe takes at once when it takes anything
    }
    const char* const data = line.data() + front_sent_;
    const ssize_t sent = datagram || kind_ == Kind::stream_socket
                             ? ::send(fd(), data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                             : ::write(fd(), data, size);
    if (sent >= 0) {
      front_sent_ += static_cast<std::size_t>(sent);
    } else if (would_wait(errno)) {
      return Sent::later;
    } else if (errno != EINTR) {
      broken_ = datagram && errno != EMSGSIZE;
      return broken_ ? Sent::later : Sent::failed;
    } else {
      continue;
    }
  } while (front_sent_ < end);
  return Sent::all;
}

std::deque<std::string> Outlet::take_lines() {
  bytes_ = front_sent_ = 0;
  notice_waits_ = false;
  return std::exchange(lines_, {});
}

}  // namespace kclhost::host::observe
