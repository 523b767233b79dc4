#include "worker/channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "worker/refusal.hpp"

namespace kclhost::host::worker {
namespace {

// Of what comes with a packet the host's end has room for the sender alone, which the kernel puts first: a worker can't
// make descriptors in it. The worker's end is told no sender and has room for a descriptor.
union Extra {
  cmsghdr alignment;
  char bytes[CMSG_SPACE(sizeof(ucred))];
};
static_assert(CMSG_SPACE(sizeof(int)) <= sizeof(Extra));

void take_extra(msghdr& message, Packet& packet) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET) continue;
    if (one->cmsg_type == SCM_CREDENTIALS) {
      ucred sender;
      std::memcpy(&sender, CMSG_DATA(one), sizeof sender);
      packet.sender = sender.pid;
    } else if (one->cmsg_type == SCM_RIGHTS) {
      for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= one->cmsg_len; at += sizeof(int)) {
        int fd;
        std::memcpy(&fd, reinterpret_cast<const char*>(one) + at, sizeof fd);
        packet.fd.reset(fd);  // of several the last
      }
    }
  }
}

}  // namespace

Result<std::pair<Channel, Fd>> Channel::make_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error{refusal(errno)};
  }
  Fd ours(ends[0]), theirs(ends[1]);
  const int on = 1;
  if (::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return Error{refusal(errno)};
  }
  return std::pair(Channel(std::move(ours)), std::move(theirs));
}

void Channel::shut_down() {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

Channel::Sent Channel::send(Header header, std::initializer_list<std::string_view> texts, Wait wait, int fd) {
  std::array<iovec, 5> parts{};
  parts[0] = {&header, sizeof header};
  std::size_t n = 0, used = 1;
  for (const std::string_view text : texts) {
    const std::size_t size = std::min(text.size(), longest_text);
    header.sizes[n++] = static_cast<std::uint32_t>(size);
    if (size != 0) parts[used++] = {const_cast<char*>(text.data()), size};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = used;
  Extra extra{};
  if (fd >= 0) {
    message.msg_control = extra.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof fd);
    cmsghdr* const one = CMSG_FIRSTHDR(&message);
    one->cmsg_level = SOL_SOCKET;
    one->cmsg_type = SCM_RIGHTS;
    one->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(one), &fd, sizeof fd);
  }
  const int flags = MSG_NOSIGNAL | (wait == Wait::no ? MSG_DONTWAIT : 0);
  // Mostly a header is all there is: what takes no msghdr costs the kernel less.
  const bool header_alone = used == 1 && fd < 0;
  for (;;) {
    const ssize_t sent =
        header_alone ? ::send(fd_.get(), &header, sizeof header, flags) : ::sendmsg(fd_.get(), &message, flags);
    if (sent >= 0) return Sent::yes;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Sent::full;
    if (errno != EINTR) return Sent::gone;
  }
}

Channel::Received Channel::receive(Packet& packet, Wait wait) {
  iovec part{buffer_.get(), buffer_size};
  Extra extra{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = extra.bytes;
  message.msg_controllen = sizeof extra.bytes;
  packet.sender = 0;
  packet.fd.reset();
  ssize_t n;
  do {
    n = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC | (wait == Wait::no ? MSG_DONTWAIT : 0));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Received::nothing : Received::closed;
  take_extra(message, packet);
  // A packet of no bytes looks like the end, but somebody sent it.
  if (n == 0 && packet.sender == 0) return Received::closed;
  if ((message.msg_flags & MSG_TRUNC) != 0) return Received::malformed;
  return parse(packet, static_cast<std::size_t>(n));
}

Channel::Received Channel::parse(Packet& packet, std::size_t size) {
  if (size < sizeof(Header)) return Received::malformed;
  std::memcpy(&packet.header, buffer_.get(), sizeof(Header));
  std::string_view rest(buffer_.get() + sizeof(Header), size - sizeof(Header));
  for (std::size_t i = 0; i < packet.texts.size(); ++i) {
    const std::size_t length = packet.header.sizes[i];
    if (length > longest_text || length > rest.size()) return Received::malformed;
    packet.texts[i] = rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return Received::packet;
}

}  // namespace kclhost::host::worker
