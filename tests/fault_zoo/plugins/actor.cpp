// Does what its records say, one word each, with an argument behind a blank:
//
//   fail               fails, and names this record
//   blame [done]       fails, and names this record as its culprit; those in front of it are not done, or are
//   needs VERSION      as fail does, unless this is that version or a later one
//   die                abort()
//   die_in_flush       is accepted; the next flush dies of it
//   wait FILE          waits until that file is there, whatever the host says
//   say NUMBER         logs so many lines of a thousand bytes
//   fork FILE          forks; the child waits until that file is there, and then returns from process_records too
//   fail_behind_child  makes FILE of the fork above, waits until that child is gone, and fails
//   reject             is rejected, and the rest goes on
//   shadow WORD        does what that word says, if it is a shadow
//   log COUNT          logs so many lines
//
// Anything else is accepted. Every event is a JSON line in the file "notes": {"event", "pid", "version", "record"
// (sequence number), "data", "attempt"}; the events are create, create_shadow, begun, accepted, stored, flush, idle.
//
// Config: {"notes": FILE, "down": FILE (create fails while it is there), "flush": "store" | "nothing", "delay_us" and
// "leak_kb" (a record)}.
// ZOO_HOLDS: it checkpoints for itself, and holds what it accepts until it is told to finish; then it stores them and
// checkpoints. ZOO_ACKNOWLEDGES: it acknowledges each batch that it accepts; with ZOO_IDLE it acknowledges what it has
// when it is given an empty batch. ZOO_SHADOW: it can run as a shadow. ZOO_VERSION: which version it is. While the file
// is there that the environment's ZOO_DIES_WHILE_LOADING names, loading it is death.
#include <fcntl.h>
#include <rapidjson/document.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <kclhost/record_processor.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#ifndef ZOO_VERSION
#define ZOO_VERSION 1
#endif
#define ZOO_TEXT_OF(number) #number
#define ZOO_TEXT(number) ZOO_TEXT_OF(number)

namespace {

bool is_there(const std::string& file) {
  return ::access(file.c_str(), F_OK) == 0;
}

void wait_for(const std::string& file) {
  while (!is_there(file)) ::usleep(5'000);
}

[[maybe_unused]] const bool loaded = [] {
  const char* const file = std::getenv("ZOO_DIES_WHILE_LOADING");
  if (file != nullptr && is_there(file)) std::abort();
  return true;
}();

#ifdef ZOO_HOLDS
using Base = kclhost::CheckpointingProcessor;
using ActorContext = kclhost::Context;
#elif defined ZOO_ACKNOWLEDGES
using Base = kclhost::AcknowledgingProcessor;
using ActorContext = kclhost::AcknowledgingContext;
#else
using Base = kclhost::RecordProcessor;
using ActorContext = kclhost::Context;
#endif

class Actor final : public Base {
 public:
#ifdef ZOO_SHADOW
  static constexpr bool can_shadow = true;
  static constexpr std::string_view config_schema = R"({"required": ["notes"]})";
#endif
#ifdef ZOO_IDLE
  static constexpr bool empty_batches = true;
#endif
  explicit Actor(ActorContext& context) : context_(context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    notes_ = config["notes"].GetString();
    if (config.HasMember("flush")) stores_ = config["flush"] != "nothing";
    if (config.HasMember("delay_us")) delay_us_ = config["delay_us"].GetUint();
    if (config.HasMember("leak_kb")) leak_kb_ = config["leak_kb"].GetUint();
    note(context.is_shadow() ? "create_shadow" : "create");
    if (config.HasMember("down") && is_there(config["down"].GetString())) {
      throw std::runtime_error("the database is down");
    }
  }

  void initialize(const kclhost::Initialization&) override {}

#ifdef ZOO_HOLDS
  void process_records(const kclhost::Batch& batch, kclhost::Checkpointer&) override {
    take(batch);
  }
  void finish(kclhost::Checkpointer& checkpointer, kclhost::Reason reason) override {
    if (!finishes(reason) || held_.empty()) return;
    for (const Held& record : held_) note("stored", record);
    held_.clear();
    if (!checkpointer.checkpoint_all()) throw std::runtime_error("no checkpoint");
  }
#else
  void process_records(const kclhost::Batch& batch) override {
    take(batch);
#ifdef ZOO_IDLE
    if (batch.empty()) {
      context_.acknowledge(open_, next_ - open_);
      open_ = next_;
      note("idle");
    } else {
      next_ = batch[0].id() + batch.size();
    }
#elif defined ZOO_ACKNOWLEDGES
    context_.acknowledge(batch);
#endif
  }
  void finish(kclhost::Reason reason) override {
    finishes(reason);
  }
#endif

 private:
  struct Held {
    std::string sequence_number, data;
    unsigned attempt = 0;
  };

  void take(const kclhost::Batch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Held record{std::string(batch[i].sequence_number()), std::string(batch[i].data()), batch.attempt()};
      note("begun", record);
      act(record, i, record.data);
      const bool rejects = record.data == "reject" || (record.data == "shadow reject" && context_.is_shadow());
      if (rejects) context_.reject(batch[i], "this record says so");
      if (delay_us_ != 0) ::usleep(delay_us_);
      if (leak_kb_ != 0) leaked_.emplace_back(leak_kb_ << 10, 'x');
      note("accepted", record);
#ifdef ZOO_HOLDS
      held_.push_back(record);
#endif
    }
  }

  bool finishes(kclhost::Reason reason) {
    if (reason == kclhost::Reason::shard_ended || reason == kclhost::Reason::shutdown) return true;
    note("flush");
    if (deadly_) std::abort();
    return stores_;
  }

  void act(const Held& record, std::size_t index, const std::string& what) {
    const std::size_t blank = what.find(' ');
    const std::string word = what.substr(0, blank);
    const std::string argument = blank == std::string::npos ? "" : what.substr(blank + 1);
    if (word == "shadow" && context_.is_shadow()) act(record, index, argument);
    if (word == "log") {
      for (int i = std::stoi(argument); i > 0; --i) context_.log_info("line " + std::to_string(i));
    }
    if (word == "fail") throw kclhost::BatchFailure("this record says so").done(index);
    if (word == "blame") {
      throw kclhost::BatchFailure("this record is to blame").culprit(index).done(argument == "done" ? index : 0);
    }
    if (word == "needs" && std::stoi(argument) > ZOO_VERSION) {
      throw kclhost::BatchFailure("this record needs version " + argument).done(index);
    }
    if (word == "die") std::abort();
    if (word == "die_in_flush") deadly_ = true;
    if (word == "wait") wait_for(argument);
    if (word == "say") {
      for (int i = std::stoi(argument); i > 0; --i) context_.log_info(std::string(1000, 'x'));
    }
    if (word == "fork") {
      file_of_child_ = argument;
      child_ = ::fork();
      if (child_ == 0) wait_for(argument);
    }
    if (word == "fail_behind_child") {
      ::close(::open(file_of_child_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      if (child_ > 0) ::waitpid(child_, nullptr, 0);
      throw kclhost::BatchFailure("this record says so").done(index);
    }
  }

  void note(const char* event) {
    note(event, {});
  }
  void note(const char* event, const Held& record) {
    const std::string line = std::string(R"({"event": ")") + event + R"(", "pid": )" + std::to_string(::getpid()) +
                             R"(, "version": )" ZOO_TEXT(ZOO_VERSION) R"(, "record": ")" + record.sequence_number +
                             R"(", "data": ")" + record.data + R"(", "attempt": )" + std::to_string(record.attempt) +
                             "}\n";
    const int fd = ::open(notes_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::perror("notes");
    ::close(fd);
  }

  ActorContext& context_;
  std::string notes_, file_of_child_;
  bool stores_ = true, deadly_ = false;
  pid_t child_ = -1;
  unsigned delay_us_ = 0, leak_kb_ = 0;
#ifdef ZOO_IDLE
  std::uint64_t open_ = 0, next_ = 0;
#endif
  std::vector<std::string> leaked_;
  std::vector<Held> held_;
};

}  // namespace

KCLHOST_PLUGIN(Actor, "zoo.actor", ZOO_TEXT(ZOO_VERSION) ".0.0")
