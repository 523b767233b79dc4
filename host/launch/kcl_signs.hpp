// What the KCL says of itself in the daemon's log, as far as launch goes by it.
#pragma once

#include <string_view>

namespace kclhost::host::launch {

enum class Sign {
  none,
  left_out,      // it left out records that it had read
  gave_up,       // it could not begin, however often it tried
  table_empty,   // the application has no leases yet, and it waits before it makes them
  makes_leases,  // it makes them, and the tables that are missing
  begun,         // it is ready for the leases that it is given
  first_shard,   // it has a shard, or one more
};

// What a line that the daemon prints, without its newline, is a sign of. Only a line of the KCL's own logger counts: a
// host's standard error passes through the daemon too, as a line of another logger and, word by word, as an echo behind
// that, and may say anything. Of the echo DaemonLog knows.
Sign sign_in(std::string_view line);

}  // namespace kclhost::host::launch
