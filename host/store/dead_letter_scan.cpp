#include "store/dead_letter_scan.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "store/dead_letter_file.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::store {
namespace {

// Reads a file line by line, without what comes after its last newline.
class LineScanner {
 public:
  explicit LineScanner(int fd) : fd_(fd) {}

  bool next() {
    for (std::size_t seen = begin_;;) {
      const std::size_t end = pending_.find('\n', seen);
      if (end != std::string::npos) {
        line_ = std::string_view(pending_).substr(begin_, end - begin_);
        line_offset_ = offset_ + begin_;
        begin_ = end + 1;
        ++number_;
        return true;
      }
      pending_.erase(0, begin_);
      offset_ += std::exchange(begin_, 0);
      seen = pending_.size();
      pending_.resize(seen + block);
      ssize_t n = 0;
      do {
        n = ::pread(fd_, pending_.data() + seen, block, static_cast<off_t>(offset_ + seen));
      } while (n < 0 && errno == EINTR);
      pending_.resize(seen + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
      if (n < 0) error_ = errno;
      if (n <= 0) return false;
    }
  }

  std::string_view line() const { return line_; }
  std::uint64_t offset() const { return line_offset_; }
  std::size_t number() const { return number_; }
  int error() const { return error_; }  // 0: the file's end

 private:
  static constexpr std::size_t block = 256 * 1024;

  int fd_;
  std::string pending_;  // the file's bytes from offset_ on
  std::uint64_t offset_ = 0;
  std::size_t begin_ = 0;  // of the next line, in pending_
  std::string_view line_;
  std::uint64_t line_offset_ = 0;
  std::size_t number_ = 0;
  int error_ = 0;
};

}  // namespace

std::string scan_dead_letters(const std::filesystem::path& path, const std::shared_ptr<const Fd>& fd,
                              const LetterVisitor& visit) {
  LineScanner scanner(fd->get());
  const std::string shard = DeadLetterName::parse(path.filename().string())->shard;
  while (scanner.next()) {
    Result<ParsedLetter> parsed = parse_dead_letter(scanner.line());
    if (!parsed) {
      visit(nullptr, scanner.line(), path.string() + ":" + std::to_string(scanner.number()) + ": " + parsed.error());
      continue;
    }
    StoredLetter letter;
    letter.about = std::move(*parsed);
    letter.data_size = letter.about.data.size();
    letter.data_sha256 = sha256_hex(letter.about.data);
    std::string().swap(letter.about.data);
    letter.file = path;
    letter.shard = shard;
    letter.fd = fd;
    letter.offset = scanner.offset();
    letter.size = scanner.line().size();
    visit(&letter, scanner.line(), std::string());
  }
  return scanner.error() == 0 ? std::string() : file_problem("read", path, scanner.error());
}

}  // namespace kclhost::host::store
