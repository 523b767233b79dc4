#include "worker/stack.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

#include "worker/crash.hpp"
#include "worker/symbols.hpp"

namespace kclhost::host::worker {
namespace {

struct Frame {
  std::string module;
  std::uint64_t offset;  // in the module
  std::uint64_t lookup;  // the same, or one less: a return address may lie behind its function's last instruction
};

// The worker's children may still write to the record, so each frame is copied before it is looked at.
std::vector<Frame> frames_of(const CrashRecord& record, const std::string& staged_path) {
  std::vector<Frame> frames;
  const std::uint64_t interrupted = record.instruction;
  const std::uint32_t count = std::min(record.frame_count, CrashRecord::most_frames);
  for (std::uint32_t i = 0; i < count; ++i) {
    CrashRecord::Frame frame;
    std::memcpy(&frame, &record.frames[i], sizeof frame);
    std::string module(frame.module, ::strnlen(frame.module, sizeof frame.module));
    // Below the plugin's: they tell nothing, and the program's symbols are many.
    if (module == program_module && !frames.empty()) break;
    if (!module.empty() && staged_path.ends_with(module)) module = staged_path;  // it may have been cut
    const std::uint64_t offset = frame.address - frame.base;
    const bool returns_here = frame.address != interrupted;
    frames.push_back({std::move(module), offset, offset - returns_here});
  }
  return frames;
}

std::string hex(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

std::vector<std::string> describe_stack(const CrashRecord& record, const std::string& staged_path,
                                        const std::string& plugin_path) {
  const std::vector<Frame> frames = frames_of(record, staged_path);
  std::map<std::string, std::vector<std::uint64_t>> wanted;
  for (const Frame& frame : frames) {
    if (!frame.module.empty() && frame.module != program_module) wanted[frame.module].push_back(frame.lookup);
  }
  std::map<std::string, std::vector<std::string>> functions;
  std::uint64_t budget = most_symbol_bytes;
  for (const auto& [module, addresses] : wanted) functions[module] = functions_at(module, addresses, budget);
  std::vector<std::string> lines;
  std::map<std::string, std::size_t> next;
  for (const Frame& frame : frames) {
    const auto found = functions.find(frame.module);
    std::string function = found == functions.end() ? "" : found->second[next[frame.module]++];
    if (function.empty()) function = hex(frame.offset);
    const std::string& name = frame.module == staged_path ? plugin_path : frame.module;
    lines.push_back(function + " in " + name.substr(name.rfind('/') + 1));
  }
  return lines;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace kclhost::host::worker
