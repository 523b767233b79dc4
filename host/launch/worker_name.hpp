// The daemon's name in the lease table, the same after a restart.
#pragma once

#include <filesystem>
#include <string>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// A daemon that comes back under its old name goes on with its own leases at once. Under a new name it waits until the
// old one's have run out, and for the KCL's leader lock: two minutes.
//
// The names of an application on this machine lie in `folder`, each in a file of its own that its user locks. The lock
// belongs to whoever has the descriptor: give it to the daemon, and the name is free when the daemon is gone too. A
// file that came from elsewhere (a copied disk or image, another host name) gets a new name: two daemons never share
// one.
class WorkerName {
 public:
  // Takes the first name that nobody has, or makes one. Where a daemon has a name whose launch is gone it is about to
  // end, and a few seconds are spent on waiting for it. The folder is made too; the error names the file.
  static Result<WorkerName> take(const std::filesystem::path& folder, const std::string& application);

  const std::string& str() const { return name_; }
  int lock() const { return lock_.get(); }

 private:
  WorkerName(std::string name, Fd lock, Fd ours)
      : name_(std::move(name)), lock_(std::move(lock)), ours_(std::move(ours)) {}

  std::string name_;
  Fd lock_;
  Fd ours_;  // another file's lock, and never the daemon's: who still has the name then can tell whether launch lives
};

}  // namespace kclhost::host::launch
