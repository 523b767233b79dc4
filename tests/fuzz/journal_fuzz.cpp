// The attempts journal. The input has the head and a few entries of each slot; most of a journal is unused.
#include <string>

#include "bytes.hpp"
#include "require.hpp"
#include "store/journal_memory.hpp"

namespace {

using namespace kclhost::host;
using store::JournalMemory;

// Where things lie in the file, which the next version of kclhost must still read.
constexpr std::size_t head = 24, slot_head = 24, entry = 192;
constexpr std::size_t slot = slot_head + JournalMemory::most_notes * entry;
static_assert(head + 2 * slot == JournalMemory::size);

struct Memory {
  alignas(8) char bytes[JournalMemory::size];
};

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// No fuzzer guesses a sum, and a file that a stranger wrote has the right one.
void give_sum(char* at) {
  std::uint64_t sum = 14695981039346656037u;
  const auto add = [&sum](std::uint64_t word) { sum = (sum ^ word) * 1099511628211u; };
  const std::uint64_t count = word_at(at + 16);
  add(word_at(at));
  add(count);
  for (std::size_t i = 0; i < std::min<std::uint64_t>(count, JournalMemory::most_notes) * entry; i += 8)
    add(word_at(at + slot_head + i));
  std::memcpy(at + 8, &sum, sizeof sum);
}

void put(char* to, std::string_view bytes) {
  std::memcpy(to, bytes.data(), bytes.size());
}

void fill(Memory& memory, fuzz::Bytes in) {
  std::memset(memory.bytes, 0, sizeof memory.bytes);
  const auto wanted = in.number<std::uint8_t>();
  if ((wanted & 1) != 0) put(memory.bytes, "kclhost tries 2");
  if ((wanted & 2) != 0) put(memory.bytes, in.text(head));
  for (int i = 0; i < 2; ++i) {
    char* const at = memory.bytes + head + static_cast<std::size_t>(i) * slot;
    put(at, in.text(slot_head));
    put(at + slot_head, in.text(std::min<std::size_t>(in.number<std::uint16_t>(), slot - slot_head)));
    if ((wanted & 4 << i) != 0) give_sum(at);
  }
}

bool same(const JournalNote& a, const JournalNote& b) {
  return a.first == b.first && a.last == b.last && a.failures == b.failures && a.interruptions == b.interruptions &&
         a.searching == b.searching && a.under_way == b.under_way && a.aside == b.aside;
}

void require_same(const std::vector<JournalNote>& a, const std::vector<JournalNote>& b) {
  fuzz::require(std::equal(a.begin(), a.end(), b.begin(), b.end(), same));
}

// What the next process finds.
std::vector<JournalNote> found(const Memory& memory) {
  static Memory next;
  next = memory;
  JournalMemory journal(next.bytes);
  fuzz::require(journal.check());
  return journal.left_over();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Memory memory;
  fill(memory, fuzz::Bytes(fuzz::text_of(data, size)));
  JournalMemory journal(memory.bytes);
  if (!journal.check()) return 0;
  const std::vector<JournalNote> notes = journal.left_over();
  fuzz::require(notes.size() <= JournalMemory::most_notes);
  for (const JournalNote& note : notes) {
    fuzz::require(note.first.sequence_number.size() < 80 && note.last.sequence_number.size() < 80);
  }
  require_same(found(memory), notes);
  JournalNotes more;
  for (const JournalNote& note : notes) more.add() = note;
  JournalNote& last = more.add();
  last.first.sequence_number.assign(1, '7');  // set("7", 1) makes GCC 12 see an overlap (PR 105329)
  last.first.sub_sequence_number = 1;
  // What is written last is what is found, and the two writes take different slots.
  for (int i = 0; i < 2; ++i) {
    journal.write(more);
    const std::vector<JournalNote> written = journal.left_over();
    require_same(found(memory), written);
    fuzz::require(written.size() == std::min(notes.size() + 1, JournalMemory::most_notes));
    require_same({written.begin(), written.begin() + static_cast<std::ptrdiff_t>(notes.size())}, notes);
  }
  return 0;
}
