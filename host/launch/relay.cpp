#include "launch/relay.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kclhost::host::launch {
namespace {

// A longer one is handed on in pieces. What a plugin may log is shorter.
constexpr std::size_t longest_piece = 1 << 20;
constexpr std::size_t read_size = 64 * 1024;

}  // namespace

Result<LineRelay> LineRelay::open(Taker taker) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{std::string("pipe: ") + std::strerror(errno)};
  LineRelay relay;
  relay.reader_.reset(ends[0]);
  relay.writer_.reset(ends[1]);
  // Our end alone: the child's has to block when we are slow.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  relay.taker_ = std::move(taker);
  return relay;
}

bool LineRelay::forward() {
  if (!pass_lines()) return true;
  const std::size_t before = pending_.size();
  pending_.resize(before + read_size);
  ssize_t got;
  do {
    got = ::read(reader_.get(), pending_.data() + before, read_size);
  } while (got < 0 && errno == EINTR);
  pending_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got > 0) {
    pass_lines();
    return true;
  }
  if (got == 0) {
    ended_ = true;
    if (!pending_.empty()) pass(pending_.size());
  }
  return false;
}

bool LineRelay::pass_lines() {
  for (std::size_t end; (end = pending_.find('\n')) != std::string::npos;) {
    if (!pass(end + 1)) return false;
  }
  return pending_.size() < longest_piece || pass(pending_.size());
}

bool LineRelay::pass(std::size_t size) {
  const bool more = taker_(std::string_view(pending_.data(), size));
  pending_.erase(0, size);
  return more;
}

}  // namespace kclhost::host::launch
