#include "launch/jvm_options.hpp"

#include <algorithm>
#include <string_view>

#include "launch/heap.hpp"

namespace kclhost::host::launch {
namespace {

bool none_of(const config::Daemon& daemon, bool (*is)(std::string_view)) {
  return std::none_of(daemon.jvm_options.begin(), daemon.jvm_options.end(), is);
}

bool sets_encoding(std::string_view option) {
  return option.starts_with("-Dfile.encoding=");
}

// A heap dump, -XX:+HeapDumpOnOutOfMemoryError, is no answer to that: the JVM goes on after it.
bool says_what_without_memory(std::string_view option) {
  if (option.starts_with("-XX:OnOutOfMemoryError=")) return true;
  return (option.starts_with("-XX:+") || option.starts_with("-XX:-")) &&
         (option.substr(5) == "ExitOnOutOfMemoryError" || option.substr(5) == "CrashOnOutOfMemoryError");
}

bool names_collector(std::string_view option) {
  return option.starts_with("-XX:+Use") && option.ends_with("GC");
}

bool sets_first_heap(std::string_view option) {
  return option.starts_with("-Xms") || option.starts_with("-XX:InitialHeapSize=") ||
         option.starts_with("-XX:InitialRAMPercentage=");
}

bool sets_compilers(std::string_view option) {
  return option.starts_with("-XX:TieredStopAtLevel=") || option.starts_with("-XX:Tier4") ||
         option == "-XX:-TieredCompilation" || option == "-Xint";
}

bool says_of_unsafe(std::string_view option) {
  return option.starts_with("--sun-misc-unsafe-memory-access") ||
         option.starts_with("-Dsun.misc.unsafe.memory.access=");
}

bool names_archive(std::string_view option) {
  return option.starts_with("-Xshare") || option.starts_with("-XX:SharedArchiveFile") || option.starts_with("-XX:AOT");
}

}  // namespace

std::vector<std::string> jvm_options(const config::Daemon& daemon, std::uint64_t memory) {
  std::vector<std::string> options;
  if (none_of(daemon, sets_encoding)) options.emplace_back("-Dfile.encoding=UTF-8");
  // What is left of a JVM after one of its threads ran out of memory can't be told.
  if (none_of(daemon, says_what_without_memory)) options.emplace_back("-XX:+ExitOnOutOfMemoryError");
  if (!heap_of_options(daemon, memory))
    options.push_back("-Xmx" + std::to_string(heap_limit(daemon, memory) >> 20) + "m");
  // The JVM's own choice is a part of the machine's memory, whatever the limit is. A heap that begins small stays small
  // where little is read.
  if (none_of(daemon, sets_first_heap)) options.emplace_back("-Xms32m");
  if (none_of(daemon, names_collector)) options.emplace_back("-XX:+UseSerialGC");
  // The daemon's netty takes its memory by sun.misc.Unsafe, which Java 24 and later warn of. The option for it, of the
  // same name, is one that Java 17 and 21 do not start with; a property they do not know does no harm.
  if (none_of(daemon, says_of_unsafe)) options.emplace_back("-Dsun.misc.unsafe.memory.access=allow");
  if (none_of(daemon, sets_compilers)) {
    // The first compiler alone: fast to start and small, but its code costs more a record. Or the second one later, at
    // four times the JVM's own thresholds: at what only the start runs its work is lost.
    if (daemon.profile == config::Profile::small) {
      options.emplace_back("-XX:TieredStopAtLevel=1");
    } else {
      options.insert(options.end(), {"-XX:Tier4InvocationThreshold=20000", "-XX:Tier4MinInvocationThreshold=2400",
                                     "-XX:Tier4CompileThreshold=60000"});
    }
  }
  options.insert(options.end(), daemon.jvm_options.begin(), daemon.jvm_options.end());
  return options;
}

bool choose_archive(const config::Daemon& daemon) {
  return !none_of(daemon, names_archive);
}

}  // namespace kclhost::host::launch
