#include "worker/dialogue.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <optional>
#include <system_error>

#include "plugin/text.hpp"
#include "support/one_line.hpp"
#include "worker/instance.hpp"

namespace kclhost::host::worker {
namespace {

constexpr std::size_t largest_schema = std::size_t{1} << 20;  // a longer one makes no plugin table

// The labels of a metric that a worker says it has made; none when they are no labels.
std::optional<std::vector<kclhost_label>> labels_of(std::string_view text) {
  std::vector<kclhost_label> labels;
  const auto take = [&text](kclhost_string& to) {
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return false;
    to = {text.data(), end};
    text.remove_prefix(end + 1);
    return true;
  };
  while (!text.empty()) {
    kclhost_label label{};
    if (!take(label.name) || !take(label.value)) return std::nullopt;
    labels.push_back(label);
  }
  return labels;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::schema:
      return "a config schema";
    case Kind::loaded:
      return "word that the plugin is loaded";
    case Kind::load_failed:
      return "word that the plugin can't be loaded";
    case Kind::outcome:
      return "a call's outcome";
    case Kind::log:
      return "a log line";
    case Kind::metric:
      return "a metric";
    case Kind::checkpoint:
      return "a request for a checkpoint";
    case Kind::metric_made:
      return "word of a new metric";
    case Kind::acknowledged:
      return "word that records are acknowledged";
    case Kind::rejected:
      return "a record's rejection";
    case Kind::ticks:
      return "a request for ticks";
    case Kind::refused:
      return "word of a refusal";
    default:
      return "a message that no worker sends";
  }
}

}  // namespace

Dialogue::Dialogue(WorkerId worker, Channel channel, std::shared_ptr<ControlPage> control, const SharedBuffer* batch,
                   Listener& listener, Owner& owner)
    : worker_(worker),
      channel_(std::move(channel)),
      control_(std::move(control)),
      batch_(batch),
      listener_(listener),
      owner_(owner),
      sent_generation_(batch != nullptr ? batch->generation() : 0) {}

void Dialogue::begin(pid_t peer, const Spec& spec) {
  peer_ = peer;
  outlives_destroy_ = spec.outlives_destroy;
  const std::int32_t code = (spec.any_config ? load_any_config : 0) | (spec.outlives_destroy ? load_for_many : 0) |
                            (spec.shadow ? load_shadow : 0);
  post({.kind = Kind::load, .code = code, .a = spec.lane, .b = spec.lane_count},
       {spec.staged_path, spec.plugin_path, spec.application, spec.stream});
}

void Dialogue::post(Header header, std::initializer_list<std::string_view> texts, int fd) {
  header.worker = worker_;
  header.call = number_;
  switch (channel_.send(header, texts, Channel::Wait::no, fd)) {
    case Channel::Sent::yes:
      return;
    case Channel::Sent::full:
      return owner_.misbehaved("did not read what the host had sent it");
    case Channel::Sent::gone:
      // Mostly it is dying, and its end will be told.
      if (errno != EPIPE && errno != ECONNRESET) {
        owner_.misbehaved("could not be sent a message: " + std::generic_category().message(errno));
      }
      return;
  }
}

void Dialogue::send_view() {
  if (!view_is_stale()) return;
  sent_generation_ = batch_->generation();
  post({.kind = Kind::view_follows}, {});
  post({.kind = Kind::view}, {}, batch_->read_only_fd());
}

void Dialogue::call(CallNumber number, const Request& request) {
  assert(state_ == State::loaded && !in_call_);
  if (request.call == Call::process_records) send_view();
  (*control_)->should_stop = KCLHOST_STOP_NO;
  number_ = number;
  call_ = request.call;
  in_call_ = true;
  records_ = request.batch.count;
  begun_before_ = (*control_)->calls_begun;
  first_id_ = request.first_id;
  rejected_.clear();
  // An instance after another one in this worker: its records are counted from 0 again.
  if (request.call == Call::create && open_ && open_->next() != 0) open_.emplace(control_->acknowledgements());
  Header header{.kind = Kind::call, .code = static_cast<std::int32_t>(request.call)};
  header.a = std::uint64_t{request.timeout_ms} << 32;
  if (request.call == Call::process_records) {
    if (open_) {
      open_->close_before(request.oldest_id);
      open_->give(request.first_id, records_);
    }
    header.a |= request.batch.table;
    header.b = request.batch.count | std::uint64_t{request.attempt} << 32;
    header.c = request.batch.millis_behind_latest;
    header.d = request.first_id;
  } else {
    header.a |= static_cast<std::uint32_t>(request.beginning);
    header.b = static_cast<std::uint32_t>(request.finish);
    header.c = request.sub_sequence_number;
  }
  post(header, {request.shard_id, request.sequence_number});
}

void Dialogue::answer_checkpoint(CallNumber number, const CheckpointAnswer& answer) {
  if (!checkpoint_waits_ || number != number_) return;
  checkpoint_waits_ = false;
  post({.kind = Kind::checkpoint_answer, .code = answer.status}, {answer.name, answer.message});
}

bool Dialogue::read(int most) {
  const bool open = read_all(most);
  // Whatever woke the host: where there was no room for that message there were others.
  if (reading_ && open_ && open_->woken()) look_for_acknowledged();
  return open;
}

bool Dialogue::read_all(int most) {
  while (reading_ && most-- > 0) {
    const bool in_call = in_call_;
    if (const auto received = read_one(); received != Channel::Received::packet) {
      return received != Channel::Received::closed;
    }
    // After an outcome there is nothing more, mostly, and asking costs as much as the outcome did.
    if (in_call && !in_call_) return true;
  }
  return true;
}

void Dialogue::drain(int most) {
  while (reading_ && most-- > 0 && read_one() == Channel::Received::packet) {
  }
  if (reading_) look_for_acknowledged();
}

void Dialogue::look_for_acknowledged() {
  if (!open_) return;
  open_->look([this](RecordId first, std::uint64_t count) { listener_.acknowledged(worker_, first, count); });
}

// Malformed packets count as packets.
Channel::Received Dialogue::read_one() {
  const Channel::Received received = channel_.receive(packet_, Channel::Wait::no);
  if (received == Channel::Received::nothing || received == Channel::Received::closed) return received;
  if (!is_from_worker(packet_, received)) return Channel::Received::packet;
  if (received == Channel::Received::malformed) {
    owner_.misbehaved("sent a message of a wrong size");
  } else {
    handle(packet_);
  }
  return Channel::Received::packet;
}

bool Dialogue::is_from_worker(const Packet& packet, Channel::Received received) {
  if (packet.sender == peer_) return true;
  const char* const what =
      received == Channel::Received::packet ? name_of(packet.header.kind) : "a message of a wrong size";
  warn_once(warned_of_others_, "a process that the plugin started sent " + std::string(what) +
                                   "; it is ignored, as all that such processes send");
  return false;
}

bool Dialogue::is_of_this_call(const Header& header, const char* what) {
  if (header.worker == worker_ && header.call == number_) return true;
  warn_once(warned_of_calls_, "the worker sent " + std::string(what) + " of another call; it is ignored");
  return false;
}

void Dialogue::warn_once(bool& warned, const std::string& text) {
  if (!std::exchange(warned, true)) listener_.log(worker_, KCLHOST_LOG_WARN, "host", text);
}

void Dialogue::handle(const Packet& packet) {
  const Header& header = packet.header;
  switch (header.kind) {
    case Kind::schema:
      return on_schema(packet);
    case Kind::loaded:
      return on_loaded(packet);
    case Kind::load_failed:
      return on_load_failed(packet);
    case Kind::outcome:
      return on_outcome(packet);
    case Kind::checkpoint:
      return on_checkpoint(packet);
    case Kind::log:
      return listener_.log(worker_, std::clamp<std::int32_t>(header.code, KCLHOST_LOG_TRACE, KCLHOST_LOG_ERROR),
                           "plugin", packet.texts[0]);
    case Kind::metric_made:
      return on_metric_made(packet);
    case Kind::metric:
      return on_metric(header);
    case Kind::acknowledged:
      if (!open_) owner_.misbehaved("acknowledged records, which its plugin is not there for");
      return;  // the look follows
    case Kind::rejected:
      return on_rejected(packet);
    case Kind::ticks:
      return on_ticks(header);
    case Kind::refused:
      return listener_.log(worker_, KCLHOST_LOG_WARN, "host", "the plugin was refused " + one_line(packet.texts[0]));
    default:
      return owner_.misbehaved(std::string("sent ") + name_of(header.kind));
  }
}

void Dialogue::on_schema(const Packet& packet) {
  if (state_ != State::loading) return owner_.misbehaved("sent a config schema after the plugin was loaded");
  if (descriptor_.config_schema.size() + packet.texts[0].size() > largest_schema) {
    return owner_.misbehaved("sent a config schema of more than 1 MiB");
  }
  descriptor_.config_schema += packet.texts[0];
}

void Dialogue::on_loaded(const Packet& packet) {
  if (state_ != State::loading) return owner_.misbehaved("said twice that the plugin is loaded");
  // The worker looked at them, if the plugin has left it as it was.
  if (!std::all_of(packet.texts.begin(), packet.texts.end(), is_one_line))
    return owner_.misbehaved("called the plugin by what is not one line of text");
  descriptor_.id = packet.texts[0];
  descriptor_.version = packet.texts[1];
  descriptor_.description = packet.texts[2];
  descriptor_.abi_minor = static_cast<std::uint32_t>(packet.header.b);
  descriptor_.flags = static_cast<std::uint32_t>(packet.header.a);
  descriptor_.ticks = (packet.header.code & loaded_ticks) != 0;
  descriptor_.can_shadow = (packet.header.code & loaded_can_shadow) != 0;
  if (const AckMemory& memory = control_->acknowledgements(); descriptor_.acknowledges() && memory.size != 0) {
    open_.emplace(memory);
    descriptor_.most_open = memory.most_open();
  }
  state_ = State::loaded;
  listener_.loaded(worker_, descriptor_);
}

void Dialogue::on_load_failed(const Packet& packet) {
  if (state_ != State::loading) return owner_.misbehaved("said that the plugin can't be loaded after it was loaded");
  state_ = State::not_loaded;
  listener_.not_loaded(worker_, std::string(packet.texts[0]));
}

void Dialogue::on_outcome(const Packet& packet) {
  if (!is_of_this_call(packet.header, "the outcome")) return;
  if (!in_call_) return owner_.misbehaved("sent the outcome of a call that was over, or of none");
  if (call_ == Call::destroy && !outlives_destroy_)
    return owner_.misbehaved("sent an outcome of destroy, which has none");
  if (checkpoint_waits_) return owner_.misbehaved("ended a call while it waited for the answer to a checkpoint");
  outcome_.status = packet.header.code;
  outcome_.message = packet.texts[0];
  outcome_.first_unfinished = packet.header.a;
  outcome_.allocated = call_ == Call::process_records ? 0 : packet.header.a;
  outcome_.permanent = (packet.header.b & KCLHOST_FAILURE_PERMANENT) != 0;
  outcome_.culprit.reset();
  if ((packet.header.b & KCLHOST_FAILURE_CULPRIT) != 0) outcome_.culprit = packet.header.d;
  outcome_.retry_after_ms.reset();
  if (packet.header.c > 0) {
    outcome_.retry_after_ms =
        static_cast<std::uint32_t>(std::min<std::int64_t>(packet.header.c, Outcome::longest_retry_after_ms));
  }
  outcome_.keep_to(records_);
  look_for_acknowledged();
  in_call_ = false;
  listener_.outcome(worker_, number_, outcome_);
}

void Dialogue::on_checkpoint(const Packet& packet) {
  if (!is_of_this_call(packet.header, "a request for a checkpoint")) return;
  if (!in_call_) return owner_.misbehaved("asked for a checkpoint outside of a call");
  if (!may_checkpoint(call_) || !descriptor_.checkpoints_itself()) {
    return owner_.misbehaved("asked for a checkpoint in " + std::string(host::name_of(call_)) +
                             (may_checkpoint(call_) ? ", though the host checkpoints for this plugin" : ""));
  }
  if (std::exchange(checkpoint_waits_, true)) {
    return owner_.misbehaved("asked for a checkpoint while it waited for the answer to another");
  }
  std::optional<std::string_view> sequence_number;
  if (packet.header.a != 0) sequence_number = packet.texts[0];
  listener_.wants_checkpoint(worker_, number_, sequence_number, packet.header.c);
}

// A metric is none of a call's: threads make and record them at any time.
void Dialogue::on_metric_made(const Packet& packet) {
  if (packet.header.a != metrics_.size()) return owner_.misbehaved("made a metric out of turn");
  const auto labels = labels_of(packet.texts[3]);
  if (!labels) return owner_.misbehaved("made a metric whose labels are none");
  kclhost_metric_spec spec{};
  spec.struct_size = sizeof spec;
  spec.kind = packet.header.code;
  spec.name = string_of(packet.texts[0]);
  spec.unit = string_of(packet.texts[1]);
  spec.help = string_of(packet.texts[2]);
  spec.labels = labels->data();
  spec.label_count = labels->size();
  const auto made = metrics_.make(spec);
  if (!made) return owner_.misbehaved("made a metric that is none: " + made.error());
  if (!made->is_new) return owner_.misbehaved("made a metric twice");
  const plugin::MetricView view(metrics_[made->number]);
  listener_.metric_made(worker_, made->number, *view);
}

void Dialogue::on_metric(const Header& header) {
  if (header.a >= metrics_.size()) return owner_.misbehaved("recorded a metric that it has not made");
  listener_.metric(worker_, static_cast<std::uint32_t>(header.a), header.real);
}

void Dialogue::on_rejected(const Packet& packet) {
  const RecordId record = packet.header.a;
  const std::string_view reason = packet.texts[0].substr(0, longest_reason);
  if (open_) {
    if (record >= open_->next()) return owner_.misbehaved("rejected a record that it was not given");
    // Two threads may have made up their minds about one record: the first one counts.
    if (!open_->is_open(record)) return;
    open_->close(record);
    return listener_.rejected(worker_, record, reason);
  }
  if (!is_of_this_call(packet.header, "a record's rejection")) return;
  if (!in_call_ || call_ != Call::process_records || record < first_id_ || record - first_id_ >= records_) {
    return owner_.misbehaved("rejected a record that it was not given, or outside of the call that gave it");
  }
  if (rejected_.empty()) rejected_.resize(records_);
  const std::size_t at = record - first_id_;
  if (rejected_[at]) return;
  rejected_[at] = true;
  listener_.rejected(worker_, record, reason);
}

void Dialogue::on_ticks(const Header& header) {
  if (!descriptor_.ticks) return owner_.misbehaved("asked for ticks, which its plugin has no function for");
  listener_.wants_ticks(worker_, static_cast<std::uint32_t>(std::min<std::uint64_t>(header.a, UINT32_MAX)));
}

}  // namespace kclhost::host::worker
