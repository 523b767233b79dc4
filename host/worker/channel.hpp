// Messages between a host and its worker: one SOCK_SEQPACKET packet each, so that a worker's threads can send at once.
// Both ends are the same program: the format needs no versions.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "plugin/call.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::worker {

enum class Kind : std::uint32_t {
  // host to worker
  // a: lane, b: lanes, code: load_*; texts: staged path, the plugin's path as configured, application, stream
  load = 1,
  view_follows,       // is the next message: a worker without a free descriptor makes room for one
  view,               // with the descriptor of the batch's memory, which takes the place of what the worker maps
  call,               // code: Call; the rest as in Request, see request_of
  checkpoint_answer,  // code: status; texts: name, message
  // worker to host
  schema,       // texts: a part of the config schema, which may be longer than a text can be
  loaded,       // a: flags, b: ABI minor, code: loaded_*; texts: id, version, description
  load_failed,  // texts: why; the worker ends by itself
  // a: first unfinished, or of a call without records what the allocator has handed out
  outcome,      // code: status, b: KCLHOST_FAILURE_*, c: retry after, d: culprit; texts: message
  log,          // code: level; texts: text
  metric,       // a: its number, real: value
  checkpoint,   // a: 1 with a sequence number; c: sub-sequence number; texts: sequence number
  metric_made,  // a: its number, code: kind; texts: name, unit, help; labels, name and value, each with a NUL behind it
  acknowledged,  // something was: the host looks
  rejected,      // a: the record; texts: reason
  ticks,         // a: interval, milliseconds
  refused,       // texts: what of the plugin's the host's table has refused, and why
};

// Of Kind::load: the configuration is not held against the schema; another create may follow destroy; as a shadow.
inline constexpr std::int32_t load_any_config = 1, load_for_many = 2, load_shadow = 4;

// Of Kind::loaded: the plugin has a tick; it can run as a shadow.
inline constexpr std::int32_t loaded_ticks = 1, loaded_can_shadow = 2;

struct Header {
  Kind kind{};
  WorkerId worker{};    // whose conversation it is
  CallNumber call = 0;  // that it belongs to; 0: none
  std::int32_t code = 0;
  std::uint64_t a = 0, b = 0;
  std::int64_t c = 0;
  std::uint64_t d = 0;
  double real = 0;
  std::array<std::uint32_t, 4> sizes{};  // of the texts that follow
};

// A message as received; its texts live in the channel's buffer until the next receive.
struct Packet {
  Header header;
  std::array<std::string_view, 4> texts;
  pid_t sender = 0;  // the process, as the kernel tells it; 0 at an end that does not ask for it
  Fd fd;             // that came with it
};

// One end. send is safe on any thread, receive is not.
class Channel {
 public:
  // Longer texts are cut. Four of them fit what a Unix socket buffers by default (net.core.wmem_default, 208 KiB).
  static constexpr std::size_t longest_text = 48 * 1024;

  Channel() = default;
  explicit Channel(Fd fd) : fd_(std::move(fd)), buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}
  // The host's end, which is told who sends, and the worker's. The error is the reason alone.
  static Result<std::pair<Channel, Fd>> make_pair();

  int fd() const { return fd_.get(); }
  // The other end sees the end of the conversation, also where other processes hold this end's descriptor.
  void shut_down();
  void close() { fd_.reset(), buffer_.reset(); }

  enum class Wait { yes, no };
  enum class Sent { yes, full, gone };  // full: the other end does not read; gone: it is closed, or errno says why not
  Sent send(Header header, std::initializer_list<std::string_view> texts, Wait wait, int fd = -1);
  enum class Received { packet, malformed, nothing, closed };
  // Malformed: too short, too long, a text too long, or its sizes don't fit. The packet has the sender then too.
  Received receive(Packet& packet, Wait wait);

 private:
  Received parse(Packet& packet, std::size_t size);

  Fd fd_;
  static constexpr std::size_t buffer_size = sizeof(Header) + 4 * longest_text;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace kclhost::host::worker
