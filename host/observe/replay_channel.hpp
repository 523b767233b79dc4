// How `kclhost run` knows that `kclhost replay` plays to it, and where it then writes what the plugin's metrics came
// to, in a line, and what it set aside, in the next.
#pragma once

namespace kclhost::host::observe {

// The environment variable, set for every child of a replay: a file that is there and can be written to.
inline constexpr const char* replay_variable = "KCLHOST_REPLAY";

// The checkpoint file, where there is one: the next replay goes on from where this one stops, so what is tried is
// remembered.
inline constexpr const char* replay_goes_on_variable = "KCLHOST_REPLAY_GOES_ON";

}  // namespace kclhost::host::observe
