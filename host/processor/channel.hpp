// Messages between a host and its worker: one SOCK_SEQPACKET datagram each, so that a worker's threads can send at
// once. Both ends are the same program, started from the same file: the format needs no versions.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "support/fd.hpp"

namespace kclhost::host::processor {

enum class Kind : std::uint32_t {
  // host to worker
  load,               // texts: staged path, the plugin's path as configured
  call,               // code: Call; the rest as in Request
  checkpoint_answer,  // code: status; texts: name, message
  // worker to host
  schema,       // texts: a part of the config schema, which may be longer than a text can be
  loaded,       // a: flags, b: ABI minor; texts: id, version, description
  load_failed,  // texts: why
  outcome,      // code: status, a: first unfinished; texts: message
  log,          // code: level; texts: text
  metric,       // code: kind, real: value; texts: name
  checkpoint,   // a: 1 with a sequence number; c: sub-sequence number; texts: sequence number
};

struct Header {
  Kind kind{};
  std::int32_t code = 0;
  std::uint64_t a = 0, b = 0;
  std::int64_t c = 0;
  double real = 0;
  std::array<std::uint32_t, 4> sizes{};  // of the texts that follow
};

// A message as received; its texts live in the channel's buffer until the next receive.
struct Packet {
  Header header;
  std::array<std::string_view, 4> texts;
};

// One end. send is safe on any thread, receive is not.
class Channel {
 public:
  // Longer texts are cut. Four of them fit what a Unix socket buffers by default (net.core.wmem_default, 208 KiB).
  static constexpr std::size_t longest_text = 48 * 1024;

  Channel() = default;
  explicit Channel(Fd fd) : fd_(std::move(fd)), buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

  int fd() const { return fd_.get(); }

  // False when the other end is gone.
  bool send(Header header, std::initializer_list<std::string_view> texts = {});
  enum class Received { packet, nothing, closed };
  // Blocking unless `wait` is false. Malformed packets count as closed: only a corrupted process can send one.
  Received receive(Packet& packet, bool wait = true);

 private:
  Fd fd_;
  static constexpr std::size_t buffer_size = sizeof(Header) + 4 * longest_text;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace kclhost::host::processor
