// The conversation with the daemon, message by message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/call.hpp"
#include "protocol/batch_decoder.hpp"
#include "protocol/line_reader.hpp"
#include "protocol/message.hpp"
#include "protocol/writer.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::run {

// It never waits: while the loop turns it reads what has come. Host's thread only.
class DaemonLink {
 public:
  // The descriptors stay the caller's; batches are decoded in `batch`. All references must outlive the link.
  DaemonLink(int in, int out, EventLoop& loop, SharedBuffer& batch);
  ~DaemonLink();
  DaemonLink(const DaemonLink&) = delete;
  DaemonLink& operator=(const DaemonLink&) = delete;

  // The daemon's next message, once it is there; ask only while nothing of the last one is in use any more. Its text
  // and records lie in the batch buffer until the next call. The error is a line that is none of the protocol's.
  Result<std::optional<protocol::Message>> next();
  // The daemon's answer to the checkpoint that was sent, once it is there. The error is a line that is no answer.
  Result<std::optional<CheckpointAnswer>> answer();

  // False when the daemon has closed its end.
  [[nodiscard]] bool send_status(std::string_view action) { return writer_.status(action); }
  [[nodiscard]] bool send_checkpoint(std::optional<std::string_view> sequence_number,
                                     std::optional<std::int64_t> sub_sequence_number) {
    return writer_.checkpoint(sequence_number, sub_sequence_number);
  }

  // The daemon has closed the stream, and everything that it had sent is taken.
  bool ended() const { return reader_.ended(); }
  // It did so in the middle of a line.
  bool ended_in_line() const { return reader_.ended() && reader_.unfinished() != 0; }

  // When memory is to be given back, if the daemon is silent until then: on_time does it, and returns whether there was
  // any.
  Clock::time_point deadline() const { return silent_until_; }
  bool on_time(Clock::time_point now);

 private:
  Error no_message(std::string_view why) const;
  void watch();

  int in_;
  EventLoop& loop_;
  protocol::BatchDecoder batch_;
  protocol::LineReader reader_;
  protocol::Writer writer_;
  bool waiting_ = false;
  Clock::time_point silent_until_ = Clock::time_point::max();
};

}  // namespace kclhost::host::run
