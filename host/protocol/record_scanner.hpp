// Reads a record as the daemon's JSON library writes it, fast.
#pragma once

#include "batch/batch.hpp"

namespace kclhost::protocol {

// What a record that tells nothing is.
extern const RecordEntry empty_record;

enum class Scanned {
  record,      // `at` is behind it, its data are decoded where they stand
  unusual,     // it may be fine JSON, but not as the daemon writes it; nothing has been changed
  not_base64,  // its data are not, and `at` is behind them
};

// Reads the record that begins at `at`: an object without white space, its members known ones in any order, each at
// most once, its strings without escapes. Offsets in `record` count from `base`. A NUL must end the line, and
// string_end_overread bytes behind it must be readable.
Scanned scan_record(char*& at, const char* base, RecordEntry& record);

}  // namespace kclhost::protocol
