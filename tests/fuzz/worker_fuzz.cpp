// What a worker sends, in whatever order, and what it writes to the page that it shares with its host.
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "require.hpp"
#include "support/json.hpp"
#include "support/json_string.hpp"
#include "worker/crash.hpp"
#include "worker/death.hpp"
#include "worker/dialogue.hpp"
#include "worker/stack.hpp"

namespace {

using namespace kclhost::host;
using namespace kclhost::host::worker;
using fuzz::require;

constexpr WorkerId id{3};
constexpr std::uint32_t records = 5;

// The host's side: what is reported must be in order, whatever was sent.
class Host final : public Listener, public Dialogue::Owner {
 public:
  Host(Channel channel, std::shared_ptr<ControlPage> control)
      : dialogue_(id, std::move(channel), std::move(control), nullptr, *this, *this) {}

  Dialogue& dialogue() { return dialogue_; }
  CallNumber number() const { return number_; }
  void call(Call call) {
    if (!loaded_ || in_call_ || over_) return;
    in_call_ = true;
    call_ = call;
    Request request{.call = call};
    request.batch.count = call == Call::process_records ? records : 0;
    request.first_id = given_;
    if (call == Call::process_records) request.oldest_id = oldest_ = given_ / 2;
    given_ += request.batch.count;
    dialogue_.call(++number_, request);
  }
  void answer(CallNumber number, const CheckpointAnswer& answer) {
    dialogue_.answer_checkpoint(number, answer);
    if (number == number_) waits_ = false;
  }

  void misbehaved(const std::string& what) override {
    fuzz::require_one_line(what);
    over_ = true;
    dialogue_.stop_reading();  // the worker is killed
  }
  void loaded(WorkerId worker, const Descriptor& about) override {
    reported(worker);
    require(!loaded_ && !not_loaded_);
    loaded_ = true;
    checkpoints_itself_ = about.checkpoints_itself();
    acknowledges_ = about.acknowledges();
    ticks_ = about.ticks;
    require((about.most_open != 0) == acknowledges_);
    for (const std::string* text : {&about.id, &about.version, &about.description}) fits(*text);
    require(about.config_schema.size() <= std::size_t{1} << 20);
  }
  void not_loaded(WorkerId worker, const std::string& why) override {
    reported(worker);
    require(!loaded_ && !not_loaded_);
    not_loaded_ = true;
    fits(why);
  }
  void outcome(WorkerId worker, CallNumber call, const Outcome& outcome) override {
    reported(worker);
    require(in_call_ && !waits_ && call == number_ && call_ != Call::destroy);
    const std::uint64_t count = call_ == Call::process_records ? records : 0;
    require(outcome.first_unfinished <= count && (!outcome.culprit || *outcome.culprit < count));
    require(outcome.retry_after_ms.value_or(0) <= 3'600'000);
    require(call_ == Call::process_records || (!outcome.permanent && !outcome.retry_after_ms));
    fits(outcome.message);
    in_call_ = false;
  }
  void wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                        std::int64_t) override {
    reported(worker);
    require(in_call_ && !waits_ && call == number_ && checkpoints_itself_ && call_ != Call::create);
    fits(sequence_number.value_or(""));
    waits_ = true;
  }
  void log(WorkerId worker, std::int32_t level, std::string_view source, std::string_view text) override {
    reported(worker);
    require(level >= KCLHOST_LOG_TRACE && level <= KCLHOST_LOG_ERROR && (source == "plugin" || source == "host"));
    if (source == "host") fuzz::require_one_line(text);
    fits(text);
  }
  void metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) override {
    reported(worker);
    require(metric == metrics_++ && plugin::Metrics().make(spec));
  }
  void metric(WorkerId worker, std::uint32_t metric, double) override {
    reported(worker);
    require(metric < metrics_);
  }
  void acknowledged(WorkerId worker, RecordId first, std::uint64_t count) override {
    reported(worker);
    require(acknowledges_ && count != 0 && first >= oldest_ && first < given_ && count <= given_ - first);
    for (RecordId record = first; record < first + count; ++record) done(record);
  }
  void rejected(WorkerId worker, RecordId record, std::string_view reason) override {
    reported(worker);
    require(record < given_ && reason.size() < 1024);
    require(acknowledges_ || (in_call_ && call_ == Call::process_records && record + records >= given_));
    done(record);
  }
  void wants_ticks(WorkerId worker, std::uint32_t) override {
    reported(worker);
    require(ticks_);
  }
  void ended(WorkerId, const Death*) override { require(false); }  // the dialogue does not know

 private:
  void reported(WorkerId worker) const { require(worker == id && !over_); }
  // It goes into a log's line.
  static void fits(std::string_view text) {
    require(text.size() <= Channel::longest_text);
    if (text.size() > 256) return;
    std::string string;
    append_json_string(string, text);
    rapidjson::Document document;
    require(!json::parse(string, document, json::Utf8::checked));
  }

  void done(RecordId record) {
    done_.resize(given_);
    require(!done_[record]);
    done_[record] = true;
  }

  Dialogue dialogue_;
  Call call_{};
  CallNumber number_ = 0;
  bool loaded_ = false, not_loaded_ = false, in_call_ = false, waits_ = false, over_ = false;
  bool checkpoints_itself_ = false, acknowledges_ = false, ticks_ = false;
  std::uint32_t metrics_ = 0;
  RecordId given_ = 0, oldest_ = 0;
  std::vector<bool> done_;
};

class Play {
 public:
  explicit Play(fuzz::Bytes in) : in_(in) {}

  void run() {
    auto ends = Channel::make_pair();
    auto page = ControlPage::make("{}", KCLHOST_LOG_INFO);
    if (!ends || !page) return;
    control_ = *page;
    theirs_ = std::move(ends->second);
    host_ = std::make_unique<Host>(std::move(ends->first), control_);
    const bool stranger = in_.number<std::uint8_t>() % 16 == 15;
    host_->dialogue().begin(stranger ? 1 : ::getpid(),
                            {.staged_path = "/staged", .plugin_path = "my.so", .config_json = {}});
    for (int steps = 0; !in_.empty() && steps < 256; ++steps) step();
    theirs_.reset();
    host_->dialogue().drain(1024);
    describe_death();
  }

 private:
  void step() {
    switch (in_.number<std::uint8_t>() % 10) {
      case 0:
        return send(in_.text(in_.number<std::uint8_t>()));
      case 1:
      case 2:
        return send_message(in_.number<std::uint8_t>());
      case 3:
        return host_->call(static_cast<Call>(in_.number<std::uint8_t>() % 9));
      case 4:
        return host_->answer(in_.number<std::uint8_t>(), {in_.number<std::int32_t>(), "ThrottlingException", ""});
      case 5:
        host_->answer(host_->number(), {});
        return;
      case 6:
        return scribble();
      case 8:
        return scribble_acknowledgements();
      case 9:
        return acknowledge();
      default:
        (void)host_->dialogue().read(1 + in_.number<std::uint8_t>() % 4);
    }
  }

  // A header with its sizes; some of them lie.
  void send_message(std::uint8_t how) {
    Header header;
    header.kind = static_cast<Kind>(in_.number<std::uint8_t>() % 18);
    header.worker = (how & 1) != 0 ? static_cast<WorkerId>(in_.number<std::uint32_t>()) : id;
    header.call = (how & 2) != 0 ? in_.number<std::uint32_t>() : host_->number();
    if ((how & 4) != 0) header.code = in_.number<std::int32_t>();
    if ((how & 8) != 0) header.a = in_.number<std::uint64_t>();
    if ((how & 16) != 0) header.c = in_.number<std::int64_t>();
    if ((how & 32) != 0) header.real = in_.number<double>();
    if ((how & 128) != 0) header.b = header.d = in_.number<std::uint64_t>();
    std::string texts;
    for (std::uint32_t& size : header.sizes) {
      const std::uint8_t length = in_.number<std::uint8_t>();
      const std::string_view text = in_.text(length % 64);
      size = static_cast<std::uint32_t>(text.size());
      texts += text;
      if (length >= 252) size = in_.number<std::uint32_t>();
    }
    if ((how & 64) != 0) {  // as long as a text can be, or a little longer
      const std::size_t more = Channel::longest_text - in_.number<std::uint8_t>() % 2;
      header.sizes[0] += static_cast<std::uint32_t>(more);
      texts.append(more, 'x');
    }
    send(std::string(reinterpret_cast<const char*>(&header), sizeof header) + texts);
  }

  void send(std::string_view packet) {
    (void)::send(theirs_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  void scribble() {
    const std::size_t at = in_.number<std::uint16_t>() % sizeof(Control);
    const std::string_view bytes = in_.text(std::min<std::size_t>(in_.number<std::uint8_t>(), sizeof(Control) - at));
    std::memcpy(reinterpret_cast<char*>(&**control_) + at, bytes.data(), bytes.size());
  }

  // Its first bytes, with the host's bed and the bits of blocks, and the marks of the first records.
  void scribble_acknowledgements() {
    const AckMemory& memory = control_->acknowledgements();
    const std::size_t at = in_.number<std::uint8_t>();
    const std::string_view bytes = in_.text(in_.number<std::uint8_t>());
    char* const to = in_.number<std::uint8_t>() % 2 == 0 ? reinterpret_cast<char*>(memory.asleep)
                                                         : reinterpret_cast<char*>(memory.marks);
    std::memcpy(to + at, bytes.data(), bytes.size());
  }

  void acknowledge() {
    Acknowledger worker(control_->acknowledgements());
    worker.give(1'000);
    const RecordId first = in_.number<std::uint8_t>();
    worker.acknowledge(first, in_.number<std::uint8_t>());
    (void)worker.wake();
  }

  void describe_death() {
    CrashRecord& crash = (*control_)->crash;
    siginfo_t info{};
    info.si_code = CLD_KILLED;
    info.si_status = crash.signal;
    require(!death_of(info, crash).message.empty());
    // No fuzzer's names of files are opened: the target elf reads them.
    for (CrashRecord::Frame& frame : crash.frames) std::memcpy(frame.module, program_module, sizeof program_module);
    require(describe_stack(crash, "/staged", "my.so").lines.size() <= CrashRecord::most_frames);
  }

  fuzz::Bytes in_;
  Fd theirs_;
  std::shared_ptr<ControlPage> control_;
  std::unique_ptr<Host> host_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play(fuzz::Bytes(fuzz::text_of(data, size))).run();
  return 0;
}
