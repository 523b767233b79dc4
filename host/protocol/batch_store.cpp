#include "protocol/batch_store.hpp"

#include <algorithm>
#include <cstring>

namespace kclhost::host::protocol {
namespace {

// Room for what most batches are; together with their tables it is too little for the buffer to be given back.
constexpr std::size_t least_room = std::size_t{128} << 10;
// How far the copies, and what is decoded, may be written beyond their ends.
constexpr std::size_t overreach = std::max(BatchStore::text_overread, base64_overreach);
constexpr std::size_t table_alignment = std::size_t{4} << 10;
// A buffer no larger than this is not worth giving back.
constexpr std::size_t kept_buffer = std::size_t{256} << 10;

}  // namespace

void BatchStore::clear() {
  end_ = first_text;
  data_begun_ = 0;
  count_ = 0;
}

bool BatchStore::release() {
  if (buffer_.size() <= kept_buffer) return false;
  buffer_.release();
  table_ = room_ = 0;
  clear();
  return true;
}

bool BatchStore::reserve(std::size_t bytes) {
  const std::size_t texts = end_ + bytes + overreach;
  if (texts <= table_) return true;
  std::size_t to = std::max({texts, least_room, std::min(2 * table_, buffer_.limit() / 2)});
  to = (to + table_alignment - 1) / table_alignment * table_alignment;
  if (!buffer_.reserve(to + (count_ + 1) * sizeof(RecordEntry))) return false;
  if (count_ != 0) std::memmove(buffer_.data() + to, entries(), count_ * sizeof(RecordEntry));
  table_ = to;
  return make_room();
}

bool BatchStore::make_room() {
  if (!buffer_.reserve(table_ + (count_ + 1) * sizeof(RecordEntry))) return false;
  room_ = static_cast<std::uint32_t>((buffer_.size() - table_) / sizeof(RecordEntry));
  return true;
}

std::string_view BatchStore::keep(std::string_view text) {
  char* const to = buffer_.data() + end_;
  std::memcpy(to, text.data(), text.size());
  end_ += text.size();
  return {to, text.size()};
}

}  // namespace kclhost::host::protocol
