// With isolation none a plugin's fault ends the host itself; it leaves a mark for the next process.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace kclhost::host::run {

// While it lives, a fatal signal of this process, and a plugin's exit(), set these marks before the process ends. One
// at a time.
class OwnFaults {
 public:
  explicit OwnFaults(std::vector<std::atomic<std::uint32_t>*> marks);
  ~OwnFaults();
  OwnFaults(const OwnFaults&) = delete;
  OwnFaults& operator=(const OwnFaults&) = delete;

 private:
  std::vector<std::atomic<std::uint32_t>*> marks_;
};

}  // namespace kclhost::host::run
