// What the next process must know of records that this one had in its hands.
#pragma once

#include <cstdint>
#include <string_view>

#include "batch/position.hpp"

namespace kclhost::host {

// A range of records, both ends included, as it is remembered: text of a journal that was read.
struct JournalNote {
  Position first, last;
  std::uint32_t failures = 0;       // deliveries that failed
  std::uint32_t interruptions = 0;  // deliveries in the middle of which the host ended
  bool searching = false;           // one of the records is known to fail
  bool under_way = false;           // they are being delivered
  bool aside = false;               // they were set aside, and no checkpoint says so yet
};

}  // namespace kclhost::host
