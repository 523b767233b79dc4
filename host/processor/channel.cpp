#include "processor/channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kclhost::host::processor {

bool Channel::send(Header header, std::initializer_list<std::string_view> texts) {
  std::array<iovec, 5> parts{};
  parts[0] = {&header, sizeof header};
  std::size_t n = 0;
  for (const std::string_view text : texts) {
    const std::size_t size = std::min(text.size(), longest_text);
    header.sizes[n] = static_cast<std::uint32_t>(size);
    parts[++n] = {const_cast<char*>(text.data()), size};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = n + 1;
  for (;;) {
    if (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

Channel::Received Channel::receive(Packet& packet, bool wait) {
  ssize_t n;
  do {
    n = ::recv(fd_.get(), buffer_.get(), buffer_size, wait ? 0 : MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing;
  if (n < static_cast<ssize_t>(sizeof(Header))) return Received::closed;
  std::memcpy(&packet.header, buffer_.get(), sizeof(Header));
  std::string_view rest(buffer_.get() + sizeof(Header), static_cast<std::size_t>(n) - sizeof(Header));
  for (std::size_t i = 0; i < packet.texts.size(); ++i) {
    const std::size_t size = packet.header.sizes[i];
    if (size > rest.size()) return Received::closed;
    packet.texts[i] = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  return Received::packet;
}

}  // namespace kclhost::host::processor
