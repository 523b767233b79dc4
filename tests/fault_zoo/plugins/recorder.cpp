// Writes down what it was given: DIR/SHARD.jsonl gets a line per record and per event of the shard's life. Lines of one
// call are appended with one write, before the call returns; a file may have several writers over time.
//
//   {"shard", "sequence_number", "sub_sequence_number", "partition_key", "sha256", "size", "arrival" (ms or null),
//    "attempt", "at" (steady clock, microseconds), "pid"}
//   {"event": "initialize", "shard", "pid", "sequence_number", "sub_sequence_number", "hand_over"}
//   {"event": "shard_ended" | "lease_lost" | "shutdown_requested" | "flush" | "destroy", "shard", "pid"}
//   {"event": "checkpoint", "shard", "pid", "sequence_number" (null: everything), "sub_sequence_number", "code",
//   "name"}
//   {"event": "call", "shard", "pid", "records", "attempt", "began", "at" (as above)}: with "calls", at the end of a
//   call that says OK, behind the records that are accepted by that
//
// Config: {"dir": DIR, "delay_us": 0 (per record), "poison": false, "calls": false,
// "checkpoint": "batch" | "record" | "none"}. "checkpoint" is for the flavour that checkpoints itself (built with
// ZOO_CHECKPOINTS). With "poison" a record whose data begins with poison:throw, poison:partial, poison:segv,
// poison:exit, poison:hang, poison:memory or poison:abort does just that, and with poison:host it kills the host; the
// records before it are written down first. In the flavour that is cured (built with ZOO_CURED) no record is poison.
#include <fcntl.h>
#include <openssl/evp.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <kclhost/record_processor.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "crash.hpp"

namespace {

std::string sha256_hex(std::string_view data) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("EVP_Digest");
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

// JSON lines on their way to the file.
class Lines {
 public:
  using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

  template <class Fill>
  void add(Fill fill) {
    Writer writer(buffer_);
    writer.StartObject();
    fill(writer);
    writer.EndObject();
    buffer_.Put('\n');
  }

  void append_to(const std::string& file) {
    if (buffer_.GetSize() == 0) return;
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const ssize_t written = fd < 0 ? -1 : ::write(fd, buffer_.GetString(), buffer_.GetSize());
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (written < 0) throw std::system_error(error, std::generic_category(), file);
    if (static_cast<std::size_t>(written) != buffer_.GetSize()) throw std::runtime_error(file + ": short write");
    buffer_.Clear();
  }

 private:
  rapidjson::StringBuffer buffer_;
};

void put(Lines::Writer& writer, const char* key, std::string_view text) {
  writer.Key(key);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Lines::Writer& writer, const char* key, std::int64_t number) {
  writer.Key(key);
  writer.Int64(number);
}

[[noreturn]] void fill_memory() {
  const rlimit limit{1 << 30, 1 << 30};
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::string> hoard;
  while (true) hoard.emplace_back(1 << 20, 'x');
}

std::int64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

void take_poison(std::string_view data, std::size_t index) {
  const auto is = [&](std::string_view name) { return data.substr(0, name.size()) == name; };
  if (is("poison:throw")) throw std::runtime_error("poison:throw");
  if (is("poison:partial")) throw kclhost::BatchFailure("poison:partial").done(index);
  if (is("poison:segv")) crash();
  if (is("poison:exit")) std::exit(3);
  if (is("poison:hang"))
    while (true) pause();
  if (is("poison:memory")) fill_memory();
  if (is("poison:abort")) std::abort();
  if (is("poison:host")) {
    ::kill(::getppid(), SIGKILL);
    ::pause();  // the kernel ends this process with the host
  }
}

#ifdef ZOO_CHECKPOINTS
using Base = kclhost::CheckpointingProcessor;
#else
using Base = kclhost::RecordProcessor;
#endif

const char* name_of(kclhost::Reason reason) {
  switch (reason) {
    case kclhost::Reason::shard_ended:
      return "shard_ended";
    case kclhost::Reason::shutdown:
      return "shutdown_requested";
    default:
      return "flush";
  }
}

class Recorder final : public Base {
 public:
  explicit Recorder(kclhost::Context& context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    if (!config.IsObject() || !config.HasMember("dir")) throw std::invalid_argument("recorder needs a config with dir");
    dir_ = config["dir"].GetString();
    if (config.HasMember("delay_us")) delay_us_ = config["delay_us"].GetUint();
#ifndef ZOO_CURED
    if (config.HasMember("poison")) poison_ = config["poison"].GetBool();
#endif
    if (config.HasMember("calls")) calls_ = config["calls"].GetBool();
    if (config.HasMember("checkpoint")) checkpoint_ = config["checkpoint"].GetString();
  }
  ~Recorder() override {
    if (!file_.empty()) event("destroy");
  }

  void initialize(const kclhost::Initialization& start) override {
    shard_ = start.shard_id();
    file_ = dir_ + '/' + shard_ + ".jsonl";
    lines_.add([&](Lines::Writer& writer) {
      head(writer, "initialize");
      put(writer, "sequence_number", start.sequence_number());
      put(writer, "sub_sequence_number", start.sub_sequence_number());
      writer.Key("hand_over");
      writer.Bool(start.reason() != kclhost::Beginning::start);
    });
    lines_.append_to(file_);
  }

#ifdef ZOO_CHECKPOINTS
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) override {
    take(batch, &checkpointer);
  }
  void finish(kclhost::Checkpointer& checkpointer, kclhost::Reason reason) override {
    event(name_of(reason));
    if (checkpoint_ != "none") checkpoint(checkpointer, nullptr);
  }
#else
  void process_records(const kclhost::Batch& batch) override {
    take(batch, nullptr);
  }
  void finish(kclhost::Reason reason) override {
    event(name_of(reason));
  }
#endif
  void lease_lost() override {
    event("lease_lost");
  }

 private:
  // Without a checkpointer the host checkpoints.
  void take(const kclhost::Batch& batch, kclhost::Checkpointer* checkpointer) {
    const std::int64_t began = now_us();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const kclhost::Record record = batch[i];
      if (poison_ && record.data().substr(0, 7) == "poison:") {
        lines_.append_to(file_);
        take_poison(record.data(), i);
      }
      add(record, batch.attempt());
      if (delay_us_ != 0) ::usleep(delay_us_);
      if (checkpointer != nullptr && checkpoint_ == "record") checkpoint(*checkpointer, &record);
    }
    if (calls_) call_over(batch, began);
    lines_.append_to(file_);
    if (checkpointer != nullptr && checkpoint_ == "batch" && !batch.empty()) checkpoint(*checkpointer, nullptr);
  }

  void head(Lines::Writer& writer, const char* event) const {
    put(writer, "event", event);
    put(writer, "shard", shard_);
    put(writer, "pid", std::int64_t{::getpid()});
  }

  void event(const char* name) {
    lines_.add([&](Lines::Writer& writer) { head(writer, name); });
    lines_.append_to(file_);
  }

  void call_over(const kclhost::Batch& batch, std::int64_t began) {
    lines_.add([&](Lines::Writer& writer) {
      head(writer, "call");
      put(writer, "records", static_cast<std::int64_t>(batch.size()));
      put(writer, "attempt", std::int64_t{batch.attempt()});
      put(writer, "began", began);
      put(writer, "at", now_us());
    });
  }

  void add(const kclhost::Record& record, std::uint32_t attempt) {
    lines_.add([&](Lines::Writer& writer) {
      put(writer, "shard", shard_);
      put(writer, "sequence_number", record.sequence_number());
      put(writer, "sub_sequence_number", record.sub_sequence_number());
      put(writer, "partition_key", record.partition_key());
      put(writer, "sha256", sha256_hex(record.data()));
      put(writer, "size", static_cast<std::int64_t>(record.data().size()));
      writer.Key("arrival");
      if (const auto arrival = record.approximate_arrival_time()) {
        writer.Int64(std::chrono::duration_cast<std::chrono::milliseconds>(arrival->time_since_epoch()).count());
      } else {
        writer.Null();
      }
      put(writer, "attempt", std::int64_t{attempt});
      put(writer, "at", now_us());
      put(writer, "pid", std::int64_t{::getpid()});
    });
  }

  // The records are in the file first: a checkpoint never runs ahead of it.
  void checkpoint(kclhost::Checkpointer& checkpointer, const kclhost::Record* record) {
    lines_.append_to(file_);
    const kclhost::Status status = record != nullptr ? checkpointer.checkpoint(*record) : checkpointer.checkpoint_all();
    lines_.add([&](Lines::Writer& writer) {
      head(writer, "checkpoint");
      writer.Key("sequence_number");
      if (record != nullptr) {
        writer.String(record->sequence_number().data(),
                      static_cast<rapidjson::SizeType>(record->sequence_number().size()));
      } else {
        writer.Null();
      }
      put(writer, "sub_sequence_number", record != nullptr ? record->sub_sequence_number() : std::int64_t{-1});
      put(writer, "code", std::int64_t{status.code()});
      put(writer, "name", status.name());
    });
    lines_.append_to(file_);
  }

  std::string dir_;
  unsigned delay_us_ = 0;
  bool poison_ = false, calls_ = false;
  std::string checkpoint_ = "batch";
  std::string shard_;
  std::string file_;  // empty until initialized
  Lines lines_;
};

}  // namespace

#ifdef ZOO_CHECKPOINTS
KCLHOST_PLUGIN(Recorder, "zoo.recorder_checkpointing", "1.0.0")
#elif defined(ZOO_CURED)
KCLHOST_PLUGIN(Recorder, "zoo.recorder", "1.0.1")
#else
KCLHOST_PLUGIN(Recorder, "zoo.recorder", "1.0.0")
#endif
