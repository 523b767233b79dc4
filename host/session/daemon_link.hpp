// The conversation with the daemon, message by message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processor/call.hpp"
#include "protocol/batch_decoder.hpp"
#include "protocol/line_reader.hpp"
#include "protocol/message.hpp"
#include "protocol/writer.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::session {

// Every function may throw Stop: exit code 2 for a line that is none of the protocol's, 4 when the daemon went away in
// the middle of something. Host's thread only.
class DaemonLink {
 public:
  // The descriptors stay the caller's; batches are decoded in `batch`.
  DaemonLink(int in, int out, EventLoop& loop, SharedBuffer& batch);
  ~DaemonLink();
  DaemonLink(const DaemonLink&) = delete;
  DaemonLink& operator=(const DaemonLink&) = delete;

  // Waits for the daemon's next message; nothing once it has closed the stream. The message's text and records lie in
  // the batch buffer until the next call; that memory is given back when the daemon has been silent for a while.
  std::optional<protocol::Message> next();
  // Acknowledges a message by its action.
  void acknowledge(std::string_view action);
  // Sends a checkpoint and waits for its answer, whatever that is: no retries here.
  processor::CheckpointAnswer checkpoint(std::optional<std::string_view> sequence_number,
                                         std::optional<std::int64_t> sub_sequence_number);
  // The daemon has closed the stream.
  bool ended() const { return reader_.ended(); }

 private:
  protocol::Message checked(const Result<protocol::Message>& message) const;
  void watch();
  [[noreturn]] void not_an_answer(std::string_view what);

  int in_;
  EventLoop& loop_;
  protocol::BatchDecoder batch_;
  protocol::LineReader reader_;
  protocol::Writer writer_;
  bool watching_ = false;
  std::string exception_name_;  // of the last checkpoint's answer
};

}  // namespace kclhost::host::session
