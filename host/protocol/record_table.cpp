#include "protocol/record_table.hpp"

#include <algorithm>
#include <cstring>

namespace kclhost::protocol {
namespace {

// Room for what most lines are; together with their tables it is too little for the buffer to be given back.
constexpr std::size_t least_room = std::size_t{128} << 10;
constexpr std::size_t alignment = std::size_t{4} << 10;

}  // namespace

bool RecordTable::reserve_line(std::size_t bytes) {
  if (bytes <= offset_) return true;
  std::size_t to = std::max({bytes, least_room, std::min(2 * offset_, buffer_.limit() / 2)});
  to = (to + alignment - 1) / alignment * alignment;
  if (!buffer_.reserve(to + (count_ + 1) * sizeof(RecordEntry))) return false;
  if (count_ != 0) std::memmove(buffer_.data() + to, entries(), count_ * sizeof(RecordEntry));
  offset_ = to;
  return make_room();
}

void RecordTable::release() {
  buffer_.release();
  offset_ = 0;
  count_ = room_ = 0;
}

bool RecordTable::make_room() {
  if (!buffer_.reserve(offset_ + (count_ + 1) * sizeof(RecordEntry))) return false;
  room_ = static_cast<std::uint32_t>((buffer_.size() - offset_) / sizeof(RecordEntry));
  return true;
}

}  // namespace kclhost::protocol
