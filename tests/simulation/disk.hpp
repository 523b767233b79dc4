// The journals, as the disk and as the kernel's memory have them.
#pragma once

#include <span>
#include <vector>

#include "shard/journal_note.hpp"
#include "simulation/chance.hpp"

namespace kclhost::host::simulation {

class Disk {
 public:
  using Notes = std::vector<JournalNote>;

  explicit Disk(std::size_t lanes) : memory_(lanes), disk_(lanes) {}

  void write(std::size_t lane, std::span<const JournalNote> notes, bool sync) {
    memory_[lane].assign(notes.begin(), notes.end());
    if (sync) disk_[lane] = memory_[lane];
  }
  // What was not synced may be gone.
  void machine_ends(Chance& chance) {
    for (std::size_t lane = 0; lane < disk_.size(); ++lane) {
      if (chance(0.7)) memory_[lane] = disk_[lane];
      disk_[lane] = memory_[lane];
    }
  }
  // The journals of lanes that there are no more are removed.
  void set_lanes(std::size_t lanes) {
    memory_.resize(lanes);
    disk_.resize(lanes);
  }
  // The lease goes to a machine that knows nothing.
  void clear() {
    for (std::vector<Notes>* all : {&memory_, &disk_}) all->assign(all->size(), {});
  }
  const std::vector<Notes>& journals() const { return memory_; }

 private:
  std::vector<Notes> memory_, disk_;
};

}  // namespace kclhost::host::simulation
