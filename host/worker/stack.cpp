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

// The program's own tell nothing of the plugin, and its symbols are many: those in the middle (it throws on an
// exception that the plugin lets out) are left out, and from those below the plugin's all is. The innermost frame
// stays.
void leave_program_out(std::vector<Frame>& frames, const std::string& staged_path) {
  const auto of_plugin = [&](const Frame& frame) { return frame.module == staged_path; };
  const auto of_program = [](const Frame& frame) { return frame.module == program_module; };
  if (frames.empty()) return;
  const auto behind_plugin = std::find_if(frames.rbegin(), frames.rend() - 1, of_plugin).base();
  frames.erase(std::find_if(behind_plugin, frames.end(), of_program), frames.end());
  frames.erase(std::remove_if(frames.begin() + 1, frames.end(), of_program), frames.end());
}

// The worker's children may still write to the record, so each frame is copied before it is looked at.
std::vector<Frame> frames_of(const CrashRecord& record, const std::string& staged_path) {
  std::vector<Frame> frames;
  const std::uint64_t interrupted = record.instruction;
  const std::uint32_t count = std::min(record.frame_count, CrashRecord::most_frames);
  for (std::uint32_t i = 0; i < count; ++i) {
    CrashRecord::Frame frame;
    std::memcpy(&frame, &record.frames[i], sizeof frame);
    std::string module(frame.module, ::strnlen(frame.module, sizeof frame.module));
    if (!module.empty() && staged_path.ends_with(module)) module = staged_path;  // it may have been cut
    const std::uint64_t offset = frame.address - frame.base;
    const bool returns_here = frame.address != interrupted;
    frames.push_back({std::move(module), offset, offset - returns_here});
  }
  leave_program_out(frames, staged_path);
  return frames;
}

// A dead letter has this in each line.
constexpr std::size_t most_in_plugin = 8;
constexpr std::size_t longest_in_plugin = 1024;  // bytes

// What the SDK's header has put between the host and the processor.
bool is_of_sdk(const std::string& function) {
  return function.find("kclhost::detail::") != std::string::npos;
}

void add_in_plugin(std::string& text, const std::string& frame) {
  if (text.size() + frame.size() > longest_in_plugin) return;
  text += (text.empty() ? "" : " < ") + frame;
}

std::string hex(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

Stack describe_stack(const CrashRecord& record, const std::string& staged_path, const std::string& plugin_path) {
  const std::vector<Frame> frames = frames_of(record, staged_path);
  std::map<std::string, std::vector<std::uint64_t>> wanted;
  for (const Frame& frame : frames) {
    if (!frame.module.empty() && frame.module != program_module) wanted[frame.module].push_back(frame.lookup);
  }
  std::map<std::string, std::vector<std::string>> functions;
  std::uint64_t budget = most_symbol_bytes;
  for (const auto& [module, addresses] : wanted) functions[module] = functions_at(module, addresses, budget);
  Stack stack;
  std::size_t in_plugin = 0;
  std::map<std::string, std::size_t> next;
  for (const Frame& frame : frames) {
    const auto found = functions.find(frame.module);
    std::string function = found == functions.end() ? "" : found->second[next[frame.module]++];
    if (function.empty()) function = hex(frame.offset);
    const bool of_plugin = frame.module == staged_path;
    if (of_plugin && !is_of_sdk(function) && in_plugin++ < most_in_plugin) add_in_plugin(stack.in_plugin, function);
    const std::string& name = of_plugin ? plugin_path : frame.module;
    stack.lines.push_back(function + " in " + name.substr(name.rfind('/') + 1));
  }
  return stack;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace kclhost::host::worker
