// What the next process must know of records that this one had in its hands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "batch/position.hpp"

namespace kclhost::host {

// A range of records, both ends included, as it is remembered: text of a journal that was read.
struct JournalNote {
  Position first, last;
  std::uint32_t failures = 0;       // deliveries that failed
  std::uint32_t interruptions = 0;  // deliveries in the middle of which the host ended
  std::uint32_t lanes = 0;          // the shard had so many when this was noted
  bool searching = false;           // one of the records is known to fail
  bool under_way = false;           // they are being delivered
  bool aside = false;               // they were set aside, and no checkpoint says so yet

  // With another number of lanes there are other records between the first and the last: nobody has tried those, and
  // nobody has set them aside. A single record is the same one.
  bool holds_in(std::uint32_t now) const { return lanes == now || first == last; }
};

// Notes one after another, without an allocation where there were as many before.
class JournalNotes {
 public:
  void clear() { used_ = 0; }
  JournalNote& add() {
    if (used_ == notes_.size()) notes_.emplace_back();
    JournalNote& note = notes_[used_++];
    note.failures = note.interruptions = note.lanes = 0;
    note.searching = note.under_way = note.aside = false;
    return note;
  }
  std::span<const JournalNote> all() const { return {notes_.data(), used_}; }

 private:
  std::vector<JournalNote> notes_;
  std::size_t used_ = 0;
};

}  // namespace kclhost::host
