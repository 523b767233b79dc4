#include "worker/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace kclhost::host::worker {

bool Output::read(std::size_t most) {
  char bytes[4096];
  while (most != 0) {
    const ssize_t n = ::read(fd_.get(), bytes, std::min(most, sizeof bytes));
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    append({bytes, static_cast<std::size_t>(n)});
    most -= static_cast<std::size_t>(n);
  }
  return true;
}

void Output::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, std::min(end, longest_line - line_.size()));
    line_ += part;
    bytes.remove_prefix(part.size());
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (ended || line_.size() == longest_line) flush();
  }
}

void Output::flush() {
  if (line_.empty()) return;
  if (words_ != nullptr) words_->add(line_);
  listener_.log(worker_, level_, source_, line_);
  line_.clear();
}

}  // namespace kclhost::host::worker
