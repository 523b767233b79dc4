// Reads a record as the daemon's JSON library writes it, fast.
#pragma once

#include "protocol/batch_store.hpp"

namespace kclhost::host::protocol {

// What a record that tells nothing is.
extern const RecordEntry empty_record;

enum class Scanned {
  record,      // `at` is behind it, and its texts and data are in the store
  unusual,     // it may be fine JSON, but not as the daemon writes it; nothing has been changed
  not_base64,  // its data are not, and `at` is behind them
};

// Reads the record that begins at `at`: an object without white space, its members known ones in any order, each at
// most once, its strings without escapes. The store must have room for it. A NUL must end the line, and
// string_end_overread bytes behind it must be readable.
Scanned scan_record(const char*& at, BatchStore& store, RecordEntry& record);

}  // namespace kclhost::host::protocol
