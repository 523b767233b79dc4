#include "run/daemon_link.hpp"

namespace kclhost::host::run {
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

}  // namespace

DaemonLink::DaemonLink(int in, int out, EventLoop& loop, SharedBuffer& batch)
    : in_(in), loop_(loop), batch_(batch), reader_(in, batch_), writer_(out) {
  loop_.add(in_, [this] {
    reader_.read_some();
    silent_until_ = Clock::time_point::max();
    if (!reader_.wants_more()) loop_.pause(in_);
  });
}

DaemonLink::~DaemonLink() {
  loop_.remove(in_);
}

// The end of a pipe stays readable for ever, and so does what is left in it: we watch only what we will read.
void DaemonLink::watch() {
  reader_.wants_more() ? loop_.resume(in_) : loop_.pause(in_);
}

Result<std::optional<protocol::Message>> DaemonLink::next() {
  reader_.allow_batch(true);
  watch();
  const std::optional<std::span<char>> line = reader_.take();
  if (!line) {
    if (!waiting_ || reader_.unfinished() != 0) silent_until_ = Clock::now() + silence_before_release;
    waiting_ = true;
    return std::optional<protocol::Message>();
  }
  waiting_ = false;
  silent_until_ = Clock::time_point::max();
  reader_.allow_batch(false);
  watch();
  Result<protocol::Message> message = batch_.decode(*line);
  if (!message) return no_message(message.error());
  return std::optional<protocol::Message>(*message);
}

Result<std::optional<CheckpointAnswer>> DaemonLink::answer() {
  watch();
  if (reader_.wants_more()) return std::optional<CheckpointAnswer>();
  const std::optional<std::span<char>> line = reader_.take();
  watch();
  const auto not_one = [this](std::string_view what) {
    return Error{"line " + std::to_string(reader_.line_number()) +
                 " from the daemon is no answer to the checkpoint just sent but " + std::string(what)};
  };
  if (!line && !reader_.ended()) return not_one("a message of more than 64 KiB");
  if (!line) return std::optional<CheckpointAnswer>();
  const Result<protocol::Message> message = protocol::decode(*line);
  if (!message) return no_message(message.error());
  if (message->action != protocol::Action::checkpoint) return not_one(message->action_text);
  if (!message->error) return std::optional<CheckpointAnswer>(CheckpointAnswer{});
  const kclhost_status status = status_of(*message->error);
  return std::optional<CheckpointAnswer>({status, std::string(*message->error), std::string(explanation(status))});
}

Error DaemonLink::no_message(std::string_view why) const {
  return {"line " + std::to_string(reader_.line_number()) + " from the daemon (byte " +
          std::to_string(reader_.line_offset()) + " of the stream) is no MultiLang message: " + std::string(why) +
          "; kclhost run is started by the daemon, kclhost replay plays it"};
}

bool DaemonLink::on_time(Clock::time_point now) {
  if (now < silent_until_) return false;
  silent_until_ = Clock::time_point::max();
  if (!waiting_ || reader_.unfinished() != 0) return false;
  reader_.release();
  return batch_.release();
}

}  // namespace kclhost::host::run
