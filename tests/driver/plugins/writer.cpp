// Writes each record that it accepts into a file, which is all that the driver's test believes: a record is finished
// when its line is there. Each instance has a file of its own, DIR/written.TIME.PID.
//
//   SEQUENCE/SUB KEY DATA .       a record
//   # PID SEQUENCE/SUB .          an instance was initialized there
//
// The lines of one write begin with a newline, so that a piece that a killed process left spoils no other.
//
// Config: {"dir": DIR, "flush": N, "checkpoint": "record" | "everything", "eager": false, "idle_flush": false}. The
// flavour that returns writes a call's records at its end. The one that checkpoints for itself (built with
// DRIVER_CHECKPOINTS) holds records until there are N, writes them, and checkpoints the last one, or everything at a
// call's end. With "eager" the records in front of a bad one are written before it does its deed. With "idle_flush" an
// empty batch is a reason to write too.
//
// A record's data is INDEX:DEED, DEED being ok, a deed of poison below (flush_segv: when it is to be written), later
// (fails until the file DIR/cured.INDEX is there) or one of hostile.hpp's.
#include <fcntl.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <kclhost/record_processor.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hostile.hpp"

namespace {

[[noreturn]] void crash() {
  std::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
  std::abort();
}

void do_poison(const kclhost::Context& context, std::string_view deed) {
  if (deed == "throw") throw std::runtime_error("poison");
  if (deed == "segv") ::raise(SIGSEGV);  // a store to a null pointer is the sanitizer's business
  if (deed == "raise") crash();
  if (deed == "abort") std::abort();
  if (deed == "exit") std::exit(3);
  if (deed == "exit_0") ::_exit(0);
  if (deed == "hang") {
    while (!context.should_stop()) ::usleep(10'000);
    throw std::runtime_error("was told to stop");
  }
  if (deed == "hang_for_ever") {
    while (true) ::pause();
  }
}

#ifdef DRIVER_CHECKPOINTS
using Base = kclhost::CheckpointingProcessor;
#else
using Base = kclhost::RecordProcessor;
#endif

class Writer final : public Base {
 public:
  static constexpr bool empty_batches = true;

  explicit Writer(kclhost::Context& context) : context_(context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    dir_ = config["dir"].GetString();
    flush_ = config["flush"].GetUint();
    eager_ = config["eager"].GetBool();
    idle_flush_ = config["idle_flush"].GetBool();
    by_record_ = std::string_view(config["checkpoint"].GetString()) == "record";
  }

  void initialize(const kclhost::Initialization& start) override {
    begin_file();
    write("\n# " + std::to_string(::getpid()) + " " + std::string(start.sequence_number()) + "/" +
          std::to_string(start.sub_sequence_number()) + " .\n");
  }

#ifdef DRIVER_CHECKPOINTS
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer& checkpointer) override {
    take(batch, &checkpointer);
    if (held_.size() >= flush_ || (batch.empty() && idle_flush_)) store(&checkpointer);
  }
  void finish(kclhost::Checkpointer& checkpointer, kclhost::Reason reason) override {
    store(&checkpointer);
    if (reason == kclhost::Reason::shard_ended) static_cast<void>(checkpointer.checkpoint_all());
  }
#else
  void process_records(const kclhost::Batch& batch) override {
    take(batch, nullptr);
    store(nullptr);
  }
  void finish(kclhost::Reason) override {
    store(nullptr);
  }
#endif

 private:
  struct Held {
    kclhost::Position position;
    std::string key, data;
  };

  // Without a checkpointer the host checkpoints, as below.
  void take(const kclhost::Batch& batch, kclhost::Checkpointer* checkpointer) {
    mine_ = held_.size();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const kclhost::Record record = batch[i];
      meet(record, i);
      held_.push_back({record.position(), std::string(record.partition_key()), std::string(record.data())});
      if (checkpointer != nullptr && by_record_ && held_.size() >= flush_) store(checkpointer);
    }
  }

  void meet(const kclhost::Record& record, std::size_t index) {
    const std::string_view data = record.data();
    const std::size_t colon = data.find(':');
    const std::string_view deed = data.substr(colon + 1);
    if (deed == "ok" || deed.substr(0, 6) == "flush_") return;
    if (deed.substr(0, 8) == "hostile_") return hostile::act(deed.substr(8));
    if (deed == "later" && ::access((dir_ + "/cured." + std::string(data.substr(0, colon))).c_str(), F_OK) == 0) return;
    if (deed == "partial") {
#ifndef DRIVER_CHECKPOINTS
      write_held();
#endif
      throw kclhost::BatchFailure("poison:partial").done(index);
    }
    if (eager_) write_held();
    // A call that fails has added nothing.
    held_.resize(std::min(mine_, held_.size()));
    if (deed == "later") throw std::runtime_error("not yet");
    do_poison(context_, deed);
  }

  void store(kclhost::Checkpointer* checkpointer) {
    if (!held_.empty()) unrecorded_ = held_.back();
    write_held();
    if (checkpointer == nullptr || !unrecorded_) return;
    const kclhost::Status status =
        by_record_ ? checkpointer->checkpoint(unrecorded_->position) : checkpointer->checkpoint_all();
    if (!status) context_.log_warn("checkpoint: " + status.name());
    if (!status.retryable()) unrecorded_.reset();
  }

  // What is written stays in the file, even if it is held on to by whoever reads it again.
  void write_held() {
    std::string text;
    for (const Held& one : held_) {
      if (one.data.find(":flush_") != std::string::npos) {
        if (eager_) write(text);
        do_poison(context_, std::string_view(one.data).substr(one.data.find(":flush_") + 7));
      }
      text += "\n" + one.position.sequence_number() + "/" + std::to_string(one.position.sub_sequence_number()) + " " +
              one.key + " " + one.data + " .\n";
    }
    write(text);
    held_.clear();
    mine_ = 0;
  }

  // Files sort as they were begun.
  void begin_file() {
    writer_ = ::getpid();
    file_ = dir_ + "/written." + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()) + "." +
            std::to_string(writer_);
  }

  void write(const std::string& text) {
    if (text.empty()) return;
    // A process that was forked off the worker accepts nothing, and may read what comes after its batch.
    if (writer_ != ::getpid()) return;
    const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const ssize_t n = fd < 0 ? -1 : ::write(fd, text.data(), text.size());
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (n != static_cast<ssize_t>(text.size())) throw std::system_error(error, std::generic_category(), file_);
  }

  kclhost::Context& context_;
  std::string dir_, file_;
  pid_t writer_ = 0;
  std::size_t flush_ = 1;
  bool eager_ = false, by_record_ = true, idle_flush_ = false;
  std::vector<Held> held_;
  std::optional<Held> unrecorded_;  // the last that was written, while its checkpoint has not succeeded
  std::size_t mine_ = 0;            // the first of held_ that the call in progress added
};

}  // namespace

#ifdef DRIVER_CHECKPOINTS
KCLHOST_PLUGIN(Writer, "driver.writer_checkpointing", "1.0.0")
#else
KCLHOST_PLUGIN(Writer, "driver.writer_returning", "1.0.0")
#endif
