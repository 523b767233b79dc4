// What a child of a supervisor does first, between fork and exec.
#pragma once

#include <sys/types.h>

namespace kclhost::host::launch {

// A process group of its own, no signals blocked, and `at_parents_death` when the parent, which forked it, has ended.
// Nothing is on its standard input. Ends the process where the parent has ended already.
void begin_child(pid_t parent, int at_parents_death);

// Kills all children of this process; what they leave behind becomes its child, where it is a subreaper.
void kill_children();

}  // namespace kclhost::host::launch
