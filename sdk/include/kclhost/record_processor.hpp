// The C++ face of kclhost/plugin.h: derive from kclhost::RecordProcessor, kclhost::AcknowledgingProcessor or
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

#include <kclhost/checkpointer.hpp>  // Status, Checkpointer
#include <kclhost/config.hpp>        // Config
#include <kclhost/context.hpp>       // Context, AcknowledgingContext, Counter, Gauge, Histogram
#include <kclhost/detail/table.hpp>
#include <kclhost/processors.hpp>  // the base classes, Reason, BatchFailure
#include <kclhost/record.hpp>      // Record, Batch, Position, Initialization

// Makes Class the plugin of this shared object. Once per plugin, in a source file, outside any namespace. plugin_id is
// reverse-DNS; plugin_version is what logs and metrics show. Both are string literals.
#define KCLHOST_PLUGIN(Class, plugin_id, plugin_version)                                                     \
  extern "C" KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void) {                                  \
    static_assert(sizeof(plugin_id) > 1 && sizeof(plugin_version) > 1, "id and version are not empty");      \
    static constexpr kclhost_plugin table = ::kclhost::detail::make_table<Class>(plugin_id, plugin_version); \
    return &table;                                                                                           \
  }

#endif  // KCLHOST_RECORD_PROCESSOR_HPP
