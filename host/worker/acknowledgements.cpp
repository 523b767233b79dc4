#include "worker/acknowledgements.hpp"

#include <algorithm>
#include <bit>

namespace kclhost::host::worker {
namespace {

constexpr std::uint64_t word_bits = 64;

// From bit `first` on so many.
constexpr std::uint64_t bits_of(std::uint64_t first, std::uint64_t count) {
  return (count >= word_bits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << first;
}

}  // namespace

std::uint32_t AckMemory::size_for(std::uint64_t held) {
  return static_cast<std::uint32_t>(
      std::bit_ceil(std::clamp<std::uint64_t>(2 * std::min<std::uint64_t>(held, most), least, most)));
}

std::size_t AckMemory::bytes(std::uint32_t size) {
  return size == 0 ? 0 : block + size / block / word_bits * sizeof(std::uint64_t) + size;
}

AckMemory AckMemory::at(void* memory, std::uint32_t size) {
  auto* const bytes = static_cast<char*>(memory);
  AckMemory made{size, reinterpret_cast<std::atomic<std::uint32_t>*>(bytes),
                 reinterpret_cast<std::atomic<std::uint64_t>*>(bytes + block), nullptr};
  made.marks = reinterpret_cast<std::atomic<std::uint8_t>*>(made.touched + size / block / word_bits);
  return made;
}

// ---- The worker

void Acknowledger::acknowledge(RecordId first, std::uint64_t count) {
  const RecordId next = next_.load();
  const RecordId begin = std::max(first, oldest(next));
  const RecordId end = first < next && count < next - first ? first + count : next;
  if (begin >= end) return;
  for (RecordId id = begin; id + 1 < end; ++id) memory_.mark(id).store(memory_.mark_of(id), std::memory_order_release);
  // In the one order that all see: either the host, which takes a bit first and then looks at the marks, sees them, or
  // this sees that the bit was taken.
  memory_.mark(end - 1).store(memory_.mark_of(end - 1), std::memory_order_seq_cst);
  const std::uint64_t blocks = memory_.size / AckMemory::block;
  for (RecordId block = begin / AckMemory::block; block <= (end - 1) / AckMemory::block; ++block) {
    const std::uint64_t place = block & (blocks - 1), bit = std::uint64_t{1} << place % word_bits;
    std::atomic<std::uint64_t>& word = memory_.touched[place / word_bits];
    if ((word.load() & bit) == 0) word.fetch_or(bit);
  }
}

bool Acknowledger::is_acknowledged(RecordId id) const {
  const RecordId next = next_.load();
  return id < oldest(next) || (id < next && memory_.mark(id).load() == memory_.mark_of(id));
}

// ---- The host

OpenRecords::OpenRecords(AckMemory memory) : memory_(memory), open_(memory.size / AckMemory::block) {
  memory_.asleep->store(1);
}

void OpenRecords::give(RecordId first, std::uint64_t count) {
  next_ = std::max(next_, first);
  for (const RecordId end = first + count; next_ < end;) {
    const RecordId block = next_ / AckMemory::block, offset = next_ % AckMemory::block;
    const std::uint64_t n = std::min(end - next_, AckMemory::block - offset);
    std::uint64_t& open = open_[place(block)];
    if (offset == 0) open = 0;  // forgets the records that had the place before
    open |= bits_of(offset, n);
    // What a plugin acknowledged that it did not have.
    for (const RecordId upto = next_ + n; next_ < upto; ++next_)
      memory_.mark(next_).store(0, std::memory_order_relaxed);
  }
  if (end_block() > blocks()) low_ = std::max(low_, end_block() - blocks());
}

bool OpenRecords::is_open(RecordId id) const {
  const RecordId block = id / AckMemory::block;
  return id < next_ && block >= low_ && (open_[place(block)] & bits_of(id % AckMemory::block, 1)) != 0;
}

void OpenRecords::close(RecordId id) {
  if (is_open(id)) open_[place(id / AckMemory::block)] &= ~bits_of(id % AckMemory::block, 1);
}

void OpenRecords::close_before(RecordId id) {
  id = std::min(id, next_);
  for (; low_ < id / AckMemory::block; ++low_) open_[place(low_)] = 0;
  if (low_ == id / AckMemory::block) open_[place(low_)] &= ~bits_of(0, id % AckMemory::block);
}

void OpenRecords::begin_look() {
  if (woken()) memory_.asleep->store(1);
}

std::uint64_t OpenRecords::take_touched(RecordId block, RecordId& upto) {
  const std::uint64_t at = place(block), shift = at % word_bits;
  upto = std::min(end_block(), block + (word_bits - shift));
  const std::uint64_t bits = bits_of(shift, upto - block);
  std::atomic<std::uint64_t>& word = memory_.touched[at / word_bits];
  if ((word.load() & bits) == 0) return 0;
  return (word.fetch_and(~bits) & bits) >> shift;
}

std::uint64_t OpenRecords::take_acknowledged(RecordId block) {
  std::uint64_t& open = open_[place(block)];
  std::uint64_t done = 0;
  const RecordId first = block * AckMemory::block;
  const std::uint8_t wanted = memory_.mark_of(first);
  for (std::uint64_t left = open; left != 0; left &= left - 1) {
    const auto at = static_cast<unsigned>(std::countr_zero(left));
    if (memory_.mark(first + at).load(std::memory_order_seq_cst) == wanted) done |= std::uint64_t{1} << at;
  }
  open &= ~done;
  return done;
}

void OpenRecords::drop_closed() {
  // The last block is not full yet.
  while (low_ < next_ / AckMemory::block && open_[place(low_)] == 0) ++low_;
}

}  // namespace kclhost::host::worker
