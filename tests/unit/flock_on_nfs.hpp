// A flock in front of the C library's, which can be as it is on NFS.
#pragma once

namespace kclhost::host::test {

// This thread's. There an exclusive lock takes a descriptor for writing.
extern thread_local bool flock_is_as_on_nfs;

}  // namespace kclhost::host::test
