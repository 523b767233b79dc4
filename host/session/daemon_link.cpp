#include "session/daemon_link.hpp"

#include "session/stop.hpp"
#include "support/exit_code.hpp"
#include "support/process_memory.hpp"

namespace kclhost::host::session {
namespace {

// A daemon that keeps up asks Kinesis for more once a second or so: to get the memory anew for each of its batches
// would cost more than to read them.
constexpr std::chrono::milliseconds silence_before_release{4'000};

// The status that stands for a KCL exception, by its simple class name.
kclhost_status status_of(std::string_view exception) {
  if (exception == "ShutdownException") return KCLHOST_SHUTDOWN;
  if (exception == "ThrottlingException") return KCLHOST_THROTTLING;
  if (exception == "InvalidStateException") return KCLHOST_INVALID_STATE;
  if (exception == "KinesisClientLibDependencyException") return KCLHOST_DEPENDENCY;
  if (exception == "IllegalArgumentException") return KCLHOST_ILLEGAL_ARGUMENT;
  return KCLHOST_OTHER_EXCEPTION;
}

std::string_view explanation(kclhost_status status) {
  switch (status) {
    case KCLHOST_SHUTDOWN:
      return "the lease is lost: another worker owns the shard";
    case KCLHOST_THROTTLING:
      return "the lease table throttled the write";
    case KCLHOST_INVALID_STATE:
      return "no checkpoint is possible now, or the lease table is missing";
    case KCLHOST_DEPENDENCY:
      return "a service that the KCL needs could not be reached";
    case KCLHOST_ILLEGAL_ARGUMENT:
      return "the sequence number was never delivered, or is no number";
    default:
      return "the KCL threw this exception";
  }
}

[[noreturn]] void gone() {
  throw Stop(exit_broken_pipe, "the daemon went away in the middle of a message; it reads on from the last checkpoint");
}

}  // namespace

DaemonLink::DaemonLink(int in, int out, EventLoop& loop, SharedBuffer& batch)
    : in_(in), loop_(loop), batch_(batch), reader_(in, batch_), writer_(out) {
  watch();
}

DaemonLink::~DaemonLink() {
  if (watching_) loop_.remove(in_);
}

// The end of a pipe stays readable for ever, and so does what is left in it: watched is what will be read.
void DaemonLink::watch() {
  if (watching_ || !reader_.wants_more()) return;
  watching_ = true;
  loop_.add(in_, [this] {
    reader_.read_some();
    if (reader_.wants_more()) return;
    loop_.remove(in_);
    watching_ = false;
  });
}

std::optional<protocol::Message> DaemonLink::next() {
  reader_.allow_batch(true);
  watch();
  const auto ready = [this] { return reader_.ready(); };
  if (!loop_.run_until(ready, Clock::now() + silence_before_release)) {
    if (reader_.unfinished() == 0) {
      reader_.release();
      if (batch_.release()) unmap_program();
    }
    loop_.run_until(ready);
  }
  const std::optional<std::span<char>> line = reader_.take();
  reader_.allow_batch(false);
  watch();
  if (line) return checked(batch_.decode(*line));
  if (reader_.unfinished() != 0) gone();
  return std::nullopt;
}

void DaemonLink::acknowledge(std::string_view action) {
  if (!writer_.status(action)) gone();
}

processor::CheckpointAnswer DaemonLink::checkpoint(std::optional<std::string_view> sequence_number,
                                                   std::optional<std::int64_t> sub_sequence_number) {
  if (!writer_.checkpoint(sequence_number, sub_sequence_number)) gone();
  watch();
  loop_.run_until([this] { return !reader_.wants_more(); });
  const std::optional<std::span<char>> line = reader_.take();
  watch();
  if (!line && !reader_.ended()) not_an_answer("a message of more than 64 KiB");
  if (!line) gone();
  const protocol::Message answer = checked(protocol::decode(*line));
  if (answer.action != protocol::Action::checkpoint) {
    not_an_answer(answer.action_text);
  }
  if (!answer.error) return {};
  exception_name_ = *answer.error;
  const kclhost_status status = status_of(exception_name_);
  return {status, exception_name_, explanation(status)};
}

void DaemonLink::not_an_answer(std::string_view what) {
  throw Stop(exit_usage, "line " + std::to_string(reader_.line_number()) +
                             " from the daemon is no answer to the checkpoint just sent but " + std::string(what));
}

protocol::Message DaemonLink::checked(const Result<protocol::Message>& message) const {
  if (message) return *message;
  throw Stop(exit_usage, "line " + std::to_string(reader_.line_number()) + " from the daemon (byte " +
                             std::to_string(reader_.line_offset()) + " of the stream) is no MultiLang message: " +
                             message.error() + "; kclhost run is started by the daemon, kclhost replay plays it");
}

}  // namespace kclhost::host::session
