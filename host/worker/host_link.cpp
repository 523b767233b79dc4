#include "worker/host_link.hpp"

#include <unistd.h>

#include <string>

namespace kclhost::host::worker {

HostLink::HostLink(WorkerId worker, Where where, Channel channel, const Control& control)
    : worker_(worker), where_(where), pid_(::getpid()), channel_(std::move(channel)), control_(control) {}

bool HostLink::send(Header header, std::initializer_list<std::string_view> texts, Channel::Wait wait) {
  if (over_) return false;
  header.worker = worker_;
  header.call = call_;
  return channel_.send(header, texts, wait) == Channel::Sent::yes;
}

bool HostLink::in_forked_child() const {
  return ::getpid() != pid_;
}

void HostLink::end() {
  over_ = true;
  channel_.shut_down();
  channel_.close();
}

CheckpointAnswer HostLink::checkpoint(std::optional<std::string_view> sequence_number,
                                      std::int64_t sub_sequence_number) {
  const bool sent = send({.kind = Kind::checkpoint, .a = sequence_number.has_value(), .c = sub_sequence_number},
                         {sequence_number.value_or("")});
  // It was sent so that the host tells of it; the answer, if one came, would be the worker's.
  if (in_forked_child()) {
    return {KCLHOST_INVALID_STATE, "InvalidStateException", "a checkpoint is possible only from the worker's process"};
  }
  Packet answer;
  if (!sent || receive(answer) != Channel::Received::packet || answer.header.kind != Kind::checkpoint_answer) {
    if (where_ == Where::own_process) ::_exit(0);
    return {KCLHOST_INVALID_STATE, "InvalidStateException", "the host has let go of this instance"};
  }
  return {answer.header.code, std::string(answer.texts[0]), std::string(answer.texts[1])};
}

void HostLink::log(std::int32_t level, std::string_view text) {
  if (log_enabled(level)) send({.kind = Kind::log, .code = level}, {text});
}

void HostLink::metric_made(std::uint32_t number, const plugin::Metric& metric) {
  std::string labels;
  for (const auto& [name, value] : metric.labels) ((labels += name) += '\0') += value + '\0';
  send({.kind = Kind::metric_made, .code = metric.kind, .a = number}, {metric.name, metric.unit, metric.help, labels});
}

void HostLink::metric(std::uint32_t number, double value) {
  send({.kind = Kind::metric, .a = number, .real = value});
}

void HostLink::rejected(RecordId record, std::string_view reason) {
  send({.kind = Kind::rejected, .a = record}, {reason});
}

void HostLink::ticks(std::uint32_t interval_ms) {
  send({.kind = Kind::ticks, .a = interval_ms});
}

void HostLink::refused(std::string_view what) {
  send({.kind = Kind::refused}, {what});
}

void HostLink::wake() {
  send({.kind = Kind::acknowledged}, {}, Channel::Wait::no);
}

}  // namespace kclhost::host::worker
