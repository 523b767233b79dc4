#include "store/file_replacement.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "store/dead_letter_file.hpp"
#include "support/owner.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::store {

FileReplacement::FileReplacement(const std::filesystem::path& path, Describe describe)
    : path_(path), draft_(path.string() + ".new"), describe_(describe != nullptr ? describe : file_problem) {}

FileReplacement::~FileReplacement() {
  if (fd_) ::unlink(draft_.c_str());
}

void FileReplacement::open() {
  fd_.reset(::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_ || !give_to_owner_of(path_, fd_.get())) error_ = errno;
}

std::string FileReplacement::reserve(std::uint64_t size) {
  while (error_ == 0 && size != 0) {
    error_ = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (error_ != EINTR) break;
    error_ = 0;
  }
  return error_ == 0 ? "" : describe_("write", draft_, error_);
}

void FileReplacement::write(std::string_view text) {
  empty_ &= text.empty();
  if (error_ == 0 && !write_all(fd_.get(), text)) error_ = errno;
}

std::string FileReplacement::take_place() {
  if (error_ == 0 && ::fsync(fd_.get()) != 0) error_ = errno;
  if (error_ != 0) return describe_("write", draft_, error_);
  if (empty_ ? ::unlink(path_.c_str()) != 0 : ::rename(draft_.c_str(), path_.c_str()) != 0) {
    return describe_("replace", path_, errno);
  }
  if (!empty_) fd_.reset();
  return sync_directory(path_.parent_path());
}

}  // namespace kclhost::host::store
