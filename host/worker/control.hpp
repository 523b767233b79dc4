// The page that a host and its worker share for what can't wait for a message.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"
#include "worker/acknowledgements.hpp"

namespace kclhost::host::worker {

// Where a crashing worker leaves its stack: plain memory, because nothing else works in a signal handler.
struct CrashRecord {
  static constexpr std::uint32_t most_frames = 48;
  struct Frame {
    std::uint64_t address;  // of the instruction
    std::uint64_t base;     // of the module it lies in; 0: unknown
    char module[240];       // the module's path, its end if it is long
  };
  std::atomic<std::int32_t> signal;  // 0: none; set last
  std::uint64_t fault_address;
  std::uint64_t instruction;  // that the signal interrupted; the first frame's, where the stack could be read
  std::uint32_t frame_count;
  Frame frames[most_frames];
};

// Lock-free, so that it works across processes. The worker can write all of it: the host believes none of it blindly.
struct Control {
  std::atomic<std::int32_t> should_stop;  // KCLHOST_STOP_*
  std::atomic<std::int32_t> log_level;
  std::atomic<std::uint32_t> calls_begun;  // counted by the worker, just before the plugin gets the call
  std::uint32_t ack_size;                  // of the memory for acknowledgements, which comes last; see AckMemory
  std::uint64_t config_size;               // bytes of the plugin's configuration, which follow this struct
  CrashRecord crash;

  std::string_view config() const { return {reinterpret_cast<const char*>(this + 1), config_size}; }
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// A mapping of the page with the configuration behind it, and the memory for acknowledgements, which takes no memory
// before it is used. Its size is sealed: nobody can take the memory away.
class ControlPage {
 public:
  // Makes one. The error is the reason alone.
  static Result<std::shared_ptr<ControlPage>> make(std::string_view config, std::int32_t log_level,
                                                   std::uint32_t ack_size = AckMemory::least);
  // Maps one that another process made, null where that is refused (errno says why). The descriptor is closed.
  static std::shared_ptr<ControlPage> map(Fd fd);

  ~ControlPage();
  ControlPage(const ControlPage&) = delete;
  ControlPage& operator=(const ControlPage&) = delete;

  Control& operator*() const { return *control_; }
  Control* operator->() const { return control_; }
  // Where it was when this mapping was made, whatever the page says now.
  const AckMemory& acknowledgements() const { return acknowledgements_; }
  // To hand to a worker's process, until close_fd; -1 afterwards, and in that process. The mapping stays.
  int fd() const { return fd_.get(); }
  void close_fd() { fd_.reset(); }

 private:
  ControlPage(Control* control, std::size_t size, Fd fd);

  Fd fd_;
  std::size_t size_;
  Control* control_;
  AckMemory acknowledgements_;
};

}  // namespace kclhost::host::worker
