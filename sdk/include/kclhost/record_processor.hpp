// The C++ face of kclhost/plugin.h: derive from kclhost::RecordProcessor or, to checkpoint for yourself, from
// kclhost::CheckpointingProcessor, name the class in KCLHOST_PLUGIN, build it with kclhost_add_plugin. C++17,
// header-only, nothing to link. docs/writing-a-plugin.md is the guide.
//
//   class Greeter final : public kclhost::RecordProcessor {
//    public:
//     explicit Greeter(kclhost::Context& context) : context_(context) {}
//     void process_records(const kclhost::Batch& batch) override {
//       for (const kclhost::Record& record : batch) context_.log_info(record.data());
//     }
//    private:
//     kclhost::Context& context_;
//   };
//   KCLHOST_PLUGIN(Greeter, "com.example.greeter", "1.0.0")
//
// kclhost makes one instance per shard and calls it from one thread. A member function that returns has succeeded; one
// that throws has failed, and the log has the exception's what() and type. [any thread] marks what may be called from
// threads of the plugin's own.
#ifndef KCLHOST_RECORD_PROCESSOR_HPP
#define KCLHOST_RECORD_PROCESSOR_HPP

#include <cxxabi.h>
#include <kclhost/plugin.h>
#include <kclhost/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace kclhost {

enum class LogLevel : std::int32_t {
  trace = KCLHOST_LOG_TRACE,
  debug = KCLHOST_LOG_DEBUG,
  info = KCLHOST_LOG_INFO,
  warn = KCLHOST_LOG_WARN,
  error = KCLHOST_LOG_ERROR,
};

namespace detail {

inline std::string_view view(const kclhost_string& text) noexcept {
  return {text.data, text.size};
}

constexpr kclhost_string text(std::string_view view) noexcept {
  return {view.data(), view.size()};
}

// Whether a table or struct from the other side is long enough to have this member.
template <class Struct, class Member>
bool reaches(const Struct& object, const Member& member) noexcept {
  const auto end = reinterpret_cast<const char*>(&member + 1) - reinterpret_cast<const char*>(&object);
  return object.struct_size >= static_cast<std::size_t>(end);
}

}  // namespace detail

// How a checkpoint went. True means that it is recorded.
class [[nodiscard]] Status {
 public:
  Status(kclhost_status code, std::string name, std::string message)
      : code_(code), name_(std::move(name)), message_(std::move(message)) {}

  bool ok() const noexcept { return code_ == KCLHOST_OK; }
  explicit operator bool() const noexcept { return ok(); }
  // Whether the same call may succeed later. kclhost has already retried as checkpoint.retry says.
  bool retryable() const noexcept { return code_ == KCLHOST_THROTTLING || code_ == KCLHOST_DEPENDENCY; }
  // KCLHOST_OK, KCLHOST_SHUTDOWN, ...
  kclhost_status code() const noexcept { return code_; }
  // The KCL's exception, for example "ThrottlingException"; empty when there is none.
  const std::string& name() const noexcept { return name_; }
  const std::string& message() const noexcept { return message_; }

 private:
  kclhost_status code_;
  std::string name_;
  std::string message_;
};

// What kclhost offers an instance, from its constructor to its destructor. Every member: [any thread].
class Context {
 public:
  Context(const kclhost_host& host, std::string_view config) : host_(host), config_(config) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The configuration's plugin.config; an empty map when there is none. It refers to this Context.
  Config config() const { return Config(config_); }
  // The same as JSON text, for a JSON library of the plugin's own.
  std::string_view config_json() const noexcept { return config_; }

  // One log line each; kclhost adds time, shard, and the plugin's id and version.
  void log(LogLevel level, std::string_view line) const noexcept {
    host_.log(host_.context, static_cast<std::int32_t>(level), detail::text(line));
  }
  void log_trace(std::string_view line) const noexcept { log(LogLevel::trace, line); }
  void log_debug(std::string_view line) const noexcept { log(LogLevel::debug, line); }
  void log_info(std::string_view line) const noexcept { log(LogLevel::info, line); }
  void log_warn(std::string_view line) const noexcept { log(LogLevel::warn, line); }
  void log_error(std::string_view line) const noexcept { log(LogLevel::error, line); }
  // Ask before building a line that costs something.
  bool log_enabled(LogLevel level) const noexcept {
    return host_.log_enabled(host_.context, static_cast<std::int32_t>(level)) != 0;
  }

  // Metrics; names match [a-z_][a-z0-9_]*. counter adds, gauge replaces, histogram observes.
  void counter(std::string_view name, double add = 1) const noexcept { metric(KCLHOST_METRIC_COUNTER, name, add); }
  void gauge(std::string_view name, double value) const noexcept { metric(KCLHOST_METRIC_GAUGE, name, value); }
  void histogram(std::string_view name, double value) const noexcept { metric(KCLHOST_METRIC_HISTOGRAM, name, value); }

  // True once the call in progress should return early: its deadline has passed, or the host is about to end.
  bool should_stop() const noexcept { return host_.should_stop(host_.context) != 0; }

 private:
  void metric(std::int32_t kind, std::string_view name, double value) const noexcept {
    host_.metric(host_.context, kind, detail::text(name), value);
  }

  const kclhost_host& host_;
  const std::string config_;
};

// One Kinesis record, or one user record out of a KPL aggregate. A view: it and what it returns are valid until the
// call that brought it returns.
class Record {
 public:
  explicit Record(const kclhost_record& record) noexcept : record_(&record) {}

  std::string_view data() const noexcept { return detail::view(record_->data); }
  std::string_view partition_key() const noexcept { return detail::view(record_->partition_key); }
  std::string_view sequence_number() const noexcept { return detail::view(record_->sequence_number); }
  // The position inside a KPL aggregate, else 0.
  std::int64_t sub_sequence_number() const noexcept { return record_->sub_sequence_number; }
  std::optional<std::chrono::system_clock::time_point> approximate_arrival_time() const noexcept {
    const std::int64_t since_epoch = record_->approximate_arrival_timestamp_ms;
    if (since_epoch == KCLHOST_NO_TIMESTAMP) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(since_epoch));
  }

 private:
  const kclhost_record* record_;
};

// The records of one call, in the shard's order. A view, as Record is.
class Batch {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // records are made as they are reached
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Record;

    Iterator(const Batch& batch, std::size_t index) noexcept : batch_(&batch), index_(index) {}
    Record operator*() const noexcept { return (*batch_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }
    bool operator!=(const Iterator& other) const noexcept { return index_ != other.index_; }

   private:
    const Batch* batch_;
    std::size_t index_;
  };

  explicit Batch(const kclhost_batch& batch) noexcept : batch_(batch) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, size()}; }
  std::size_t size() const noexcept { return batch_.record_count; }
  bool empty() const noexcept { return size() == 0; }
  // index must be below size().
  Record operator[](std::size_t index) const noexcept { return Record(*kclhost_batch_at(&batch_, index)); }

  // How far the batch is behind the stream's tip; empty when unknown.
  std::optional<std::chrono::milliseconds> millis_behind_latest() const noexcept {
    if (batch_.millis_behind_latest < 0) return std::nullopt;
    return std::chrono::milliseconds(batch_.millis_behind_latest);
  }
  // 1 the first time these records are delivered, then 2, 3, ...
  std::uint32_t attempt() const noexcept { return batch_.attempt; }

 private:
  const kclhost_batch& batch_;
};

// Records progress with the KCL, for a CheckpointingProcessor. Valid until the call that brought it returns, and on
// that call's thread alone. Each call blocks until the KCL has answered.
class Checkpointer {
 public:
  Checkpointer(const kclhost_host& host, kclhost_checkpointer* handle) noexcept : host_(host), handle_(handle) {}
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Everything delivered so far is done, the batch in hand included.
  [[nodiscard]] Status checkpoint() { return send(nullptr, -1); }
  // This record and all before it are done.
  [[nodiscard]] Status checkpoint(const Record& record) {
    return checkpoint(record.sequence_number(), record.sub_sequence_number());
  }
  // The same by numbers. A sub-sequence number of -1 means all of that sequence number, as far as it was delivered.
  [[nodiscard]] Status checkpoint(std::string_view sequence_number, std::int64_t sub_sequence_number = -1) {
    const kclhost_string sequence = detail::text(sequence_number);
    return send(&sequence, sub_sequence_number);
  }

 private:
  Status send(const kclhost_string* sequence_number, std::int64_t sub_sequence_number) {
    kclhost_error error{};
    error.struct_size = sizeof error;
    const kclhost_status code = host_.checkpoint(handle_, sequence_number, sub_sequence_number, &error);
    return Status(code, error.name, error.message);
  }

  const kclhost_host& host_;
  kclhost_checkpointer* const handle_;
};

// Where an instance begins on its shard. A view, as Record is.
class Initialization {
 public:
  explicit Initialization(const kclhost_initialization& initialization) noexcept : initialization_(initialization) {}
  Initialization(const Initialization&) = delete;
  Initialization& operator=(const Initialization&) = delete;

  std::string_view shard_id() const noexcept { return detail::view(initialization_.shard_id); }
  // The last checkpoint: digits, or TRIM_HORIZON, LATEST, AT_TIMESTAMP.
  std::string_view sequence_number() const noexcept { return detail::view(initialization_.sequence_number); }
  std::int64_t sub_sequence_number() const noexcept { return initialization_.sub_sequence_number; }
  // Whether the instance takes the shard over from an older one: hot swap, or a restart after a crash.
  bool hand_over() const noexcept { return (initialization_.flags & KCLHOST_INITIALIZATION_HAND_OVER) != 0; }

 private:
  const kclhost_initialization& initialization_;
};

// Throw it from process_records when some of the batch is done: the records before first_unfinished are not delivered
// again. Any other exception says that none is done.
class BatchFailure : public std::runtime_error {
 public:
  BatchFailure(std::size_t first_unfinished, const std::string& what)
      : std::runtime_error(what), first_unfinished_(first_unfinished) {}
  std::size_t first_unfinished() const noexcept { return first_unfinished_; }

 private:
  std::size_t first_unfinished_;
};

// Why an instance is to finish what it holds.
enum class Reason {
  shard_ended,  // the shard was split or merged and has no more records
  shutdown,     // the worker is being shut down
  drain,        // a newer plugin takes the shard over, too much is held, or a record that kills is looked for
};

namespace detail {

// What both kinds of processor have. Constructed with a Context&, which outlives it, or with nothing; a constructor
// that throws fails the shard's start. Any member may throw: the call has failed then.
class Processor {
 public:
  // A plugin changes these by constants of the same name, public, in its own class.
  static constexpr bool empty_batches = false;  // whether process_records is called for an idle shard, too
  static constexpr std::string_view description = "";
  static constexpr std::string_view config_schema = "";  // JSON Schema of plugin.config

  Processor() = default;
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;
  virtual ~Processor() = default;

  // Once, before all else.
  virtual void initialize(const Initialization&) {}
  // Another worker owns the shard now; nothing can be checkpointed.
  virtual void lease_lost() {}
};

}  // namespace detail

// What a plugin derives from whose work on a record is done when process_records returns. kclhost checkpoints.
class RecordProcessor : public detail::Processor {
 public:
  // Returning says "done with these records". After a failure they come again, as the configured policy says.
  virtual void process_records(const Batch& batch) = 0;
  // Each of the three calls that may come last, unless the plugin tells them apart.
  virtual void finish(Reason) {}
  // kclhost checkpoints the shard's end when this returns.
  virtual void shard_ended() { finish(Reason::shard_ended); }
  virtual void shutdown_requested() { finish(Reason::shutdown); }
  virtual void drain() { finish(Reason::drain); }
};

// What a plugin derives from that checkpoints for itself, and so may hold records across batches. A record is done when
// it or a later one is checkpointed; until then kclhost keeps it, and gives it to another instance if this one dies.
class CheckpointingProcessor : public detail::Processor {
 public:
  virtual void process_records(const Batch& batch, Checkpointer& checkpointer) = 0;
  // Finish and checkpoint what is held: each of the three calls below, unless the plugin tells them apart.
  virtual void finish(Checkpointer& checkpointer, Reason reason) = 0;
  // kclhost checkpoints the shard's end when this returns and the plugin did not.
  virtual void shard_ended(Checkpointer& checkpointer) { finish(checkpointer, Reason::shard_ended); }
  // The last chance to checkpoint. lease_lost follows.
  virtual void shutdown_requested(Checkpointer& checkpointer) { finish(checkpointer, Reason::shutdown); }
  virtual void drain(Checkpointer& checkpointer) { finish(checkpointer, Reason::drain); }
};

namespace detail {

// The error of a call. Its text is written without allocating; what does not fit is cut between characters.
class ErrorText {
 public:
  explicit ErrorText(kclhost_error* error) noexcept
      : error_(error != nullptr && reaches(*error, error->message) ? error : nullptr) {}

  void append(const char* text) noexcept {
    if (error_ == nullptr || text == nullptr) return;
    for (; *text != '\0' && size_ + 1 < sizeof error_->message; ++text) error_->message[size_++] = *text;
    if (*text != '\0') {  // cut: back to where the last whole UTF-8 character ends
      if (is_continuation(*text)) {
        while (size_ > 0 && is_continuation(error_->message[size_ - 1])) --size_;
        if (size_ > 0) --size_;
      }
    }
    error_->message[size_] = '\0';
  }

  void append_current_exception() noexcept {
    try {
      throw;
    } catch (const std::exception& exception) {
      append(exception.what());
      try {
        std::rethrow_if_nested(exception);
      } catch (...) {
        append(": ");
        append_current_exception();
      }
    } catch (...) {
      append("threw something that is not a std::exception");
    }
  }

  // The type of the exception in hand, as the error's name. Where there is no memory to spell it out it stays as the
  // compiler wrote it.
  void name_current_exception() noexcept {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (error_ == nullptr || type == nullptr) return;
    int status = 0;
    char* const spelled = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    const char* const name = spelled != nullptr ? spelled : type->name();
    std::size_t size = 0;
    for (; name[size] != '\0' && size + 1 < sizeof error_->name; ++size) error_->name[size] = name[size];
    error_->name[size] = '\0';
    std::free(spelled);
  }

  void set_first_unfinished(std::size_t index) noexcept {
    if (error_ != nullptr) error_->first_unfinished = index;
  }

 private:
  static bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

  kclhost_error* const error_;
  std::size_t size_ = 0;
};

// Runs what a call asks for; an exception becomes the call's error.
template <class Body>
kclhost_status guarded(kclhost_error* error, Body&& body) noexcept {
  try {
    body();
    return KCLHOST_OK;
  } catch (const BatchFailure& failure) {
    ErrorText text(error);
    text.set_first_unfinished(failure.first_unfinished());
    text.append_current_exception();
  } catch (...) {
    ErrorText text(error);
    text.name_current_exception();
    text.append_current_exception();
  }
  return KCLHOST_FAILED;
}

template <class Class>
struct Instance {
  Instance(const kclhost_host& table, std::string_view config)
      : host(table), context(table, config), processor(make()) {}

  Class make() {
    if constexpr (std::is_constructible_v<Class, Context&>) {
      return Class(context);
    } else {
      return Class();
    }
  }

  const kclhost_host& host;
  Context context;
  Class processor;
};

template <class Class>
constexpr bool names_checkpointing(decltype(Class::checkpointing, 0)) {
  return true;
}
template <class Class>
constexpr bool names_checkpointing(...) {
  return false;
}

// The functions of the table. self is an Instance<Class>. A destructor that throws ends the process, as anywhere in
// C++.
template <class Class>
struct Thunks {
  static constexpr bool checkpoints = std::is_base_of_v<CheckpointingProcessor, Class>;
  static_assert(checkpoints != std::is_base_of_v<RecordProcessor, Class>,
                "a plugin derives from kclhost::RecordProcessor or from kclhost::CheckpointingProcessor");
  static_assert(!names_checkpointing<Class>(0),
                "no constant says who checkpoints: the class that it derives from does");
  static_assert(!std::is_abstract_v<Class>, "the plugin's class does not override all that it must; see the notes");
  static_assert(std::is_constructible_v<Class, Context&> || std::is_default_constructible_v<Class>,
                "a plugin's constructor takes a kclhost::Context&, or nothing");

  using Self = Instance<Class>;

  using Base = std::conditional_t<checkpoints, CheckpointingProcessor, RecordProcessor>;

  static Base& processor(void* self) noexcept { return static_cast<Self*>(self)->processor; }

  static kclhost_status create(const kclhost_host* host, kclhost_string config, void** self,
                               kclhost_error* error) noexcept {
    return guarded(error, [&] {
      if (host == nullptr || !reaches(*host, host->get_extension)) {
        throw std::runtime_error("the host's table is shorter than that of ABI 1.0");
      }
      *self = new Self(*host, view(config));
    });
  }

  static void destroy(void* self) noexcept { delete static_cast<Self*>(self); }

  static kclhost_status initialize(void* self, const kclhost_initialization* initialization,
                                   kclhost_error* error) noexcept {
    return guarded(error, [&] { processor(self).initialize(Initialization(*initialization)); });
  }

  static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* handle,
                                        kclhost_error* error) noexcept {
    return guarded(error, [&] {
      if constexpr (checkpoints) {
        Checkpointer checkpointer(static_cast<Self*>(self)->host, handle);
        processor(self).process_records(Batch(*batch), checkpointer);
      } else {
        processor(self).process_records(Batch(*batch));
      }
    });
  }

  static kclhost_status lease_lost(void* self, kclhost_error* error) noexcept {
    return guarded(error, [&] { processor(self).lease_lost(); });
  }

  // shard_ended, shutdown_requested and drain differ in nothing but the member.
  template <auto Member>
  static kclhost_status last_call(void* self, kclhost_checkpointer* handle, kclhost_error* error) noexcept {
    return guarded(error, [&] {
      if constexpr (checkpoints) {
        Checkpointer checkpointer(static_cast<Self*>(self)->host, handle);
        (processor(self).*Member)(checkpointer);
      } else {
        (processor(self).*Member)();
      }
    });
  }
};

template <class Class>
constexpr kclhost_plugin make_table(std::string_view id, std::string_view version) noexcept {
  using Functions = Thunks<Class>;
  using Base = typename Functions::Base;
  kclhost_plugin table{};
  table.struct_size = sizeof table;
  table.abi_major = KCLHOST_ABI_MAJOR;
  table.abi_minor = KCLHOST_ABI_MINOR;
  table.flags = (Functions::checkpoints ? KCLHOST_PLUGIN_CHECKPOINTS : 0u) |
                (Class::empty_batches ? KCLHOST_PLUGIN_EMPTY_BATCHES : 0u);
  table.id = text(id);
  table.version = text(version);
  table.description = text(Class::description);
  table.config_schema = text(Class::config_schema);
  table.create = &Functions::create;
  table.destroy = &Functions::destroy;
  table.initialize = &Functions::initialize;
  table.process_records = &Functions::process_records;
  table.shard_ended = &Functions::template last_call<&Base::shard_ended>;
  table.lease_lost = &Functions::lease_lost;
  table.shutdown_requested = &Functions::template last_call<&Base::shutdown_requested>;
  table.drain = &Functions::template last_call<&Base::drain>;
  return table;
}

}  // namespace detail
}  // namespace kclhost

// Makes Class the plugin of this shared object. Once per plugin, in a source file, outside any namespace. plugin_id is
// reverse-DNS; plugin_version is what logs and metrics show. Both are string literals.
#define KCLHOST_PLUGIN(Class, plugin_id, plugin_version)                                                     \
  extern "C" KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void) {                                  \
    static_assert(sizeof(plugin_id) > 1 && sizeof(plugin_version) > 1, "id and version are not empty");      \
    static constexpr kclhost_plugin table = ::kclhost::detail::make_table<Class>(plugin_id, plugin_version); \
    return &table;                                                                                           \
  }

#endif  // KCLHOST_RECORD_PROCESSOR_HPP
