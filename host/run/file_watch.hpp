// Tells when a file may have become another, with nobody asking again and again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/fd.hpp"

namespace kclhost::host::run {

// Watches files by the folders that they lie in, and the links on the way to them, so that a file that is replaced,
// comes later or is reached over a link that is switched is watched too. inotify's; not thread-safe.
class FileWatch {
 public:
  using Tags = std::uint32_t;  // bits; the caller's own

  struct File {
    std::filesystem::path path;  // absolute
    Tags tags;
  };

  // Readable when something has happened; -1: this system gives no more of them.
  int fd() const { return fd_.get(); }
  void open();
  // The setting of this system that keeps it from seeing everything; nullptr: none.
  const char* limit() const {
    return !fd_ ? "fs.inotify.max_user_instances" : is_short_ ? "fs.inotify.max_user_watches" : nullptr;
  }
  // "FOLDER can't be watched: why" of one that is kept from it by something else; "": there is none.
  const std::string& unwatched() const { return unwatched_; }
  // From now on these and no others.
  void watch(std::vector<File> files);
  // Reads what has happened. The tags of the files that may have changed: they were written and closed, renamed, their
  // mode was changed, or the folder that they lie in was, or a link on the way to them. Not seen is that a folder above
  // is replaced.
  Tags take();

 private:
  struct Entry {
    int folder;  // inotify's number of it
    std::string name;
    Tags tags;
    std::filesystem::path path;
  };

  void walk(const File& file);
  void note(const std::filesystem::path& folder, const std::string& name, Tags tags);
  void resolve();

  Fd fd_;
  std::vector<File> files_;
  std::vector<Entry> entries_;
  std::vector<std::filesystem::path> folders_;  // that resolve() has met: each is one, and no link to one
  bool is_short_ = false;                       // the system gave no watch for some of them
  std::string unwatched_;
};

}  // namespace kclhost::host::run
