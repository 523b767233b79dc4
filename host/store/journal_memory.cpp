#include "store/journal_memory.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace kclhost::host::store {
namespace {

constexpr char magic[16] = "kclhost tries 2";
// A sequence number has at most 56 digits; TRIM_HORIZON and its like never come with a record.
constexpr std::size_t longest_sequence_number = 80;

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  std::memset(to + n, 0, N - n);
}

constexpr std::uint64_t searching = 1, under_way = 2, aside = 4;
constexpr unsigned lanes_at = 32;  // of the flags' bits

}  // namespace

struct JournalMemory::Entry {
  char first[longest_sequence_number], last[longest_sequence_number];
  std::int64_t first_sub, last_sub;
  std::uint32_t failures, interruptions;
  std::uint64_t flags;
};

struct JournalMemory::Slot {
  std::uint64_t generation;  // one more than the other's; what follows the greatest number is 0
  std::uint64_t checksum;    // over the generation, the count and the entries in use
  std::uint64_t count;
  Entry entries[most_notes];
};

struct JournalMemory::File {
  char magic[16];
  std::atomic<std::uint32_t> own_fault;
  std::uint32_t reserved;
  Slot slots[2];
};

std::uint64_t JournalMemory::sum(const Slot& slot) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, over words
  const auto add = [&hash](std::uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
  add(slot.generation);
  add(slot.count);
  static_assert(sizeof(Entry) % sizeof(std::uint64_t) == 0 && std::has_unique_object_representations_v<Entry>);
  const auto* at = reinterpret_cast<const char*>(slot.entries);
  for (const char* const end = at + slot.count * sizeof(Entry); at != end; at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    add(word);
  }
  return hash;
}

bool JournalMemory::is_whole(const Slot& slot) {
  if (slot.count > most_notes || slot.checksum != sum(slot)) return false;
  return std::all_of(slot.entries, slot.entries + slot.count, [](const Entry& entry) {
    return entry.first[longest_sequence_number - 1] == '\0' && entry.last[longest_sequence_number - 1] == '\0';
  });
}

bool JournalMemory::check() {
  static_assert(sizeof(File) == size);
  // A process that died while it made the file leaves zeros.
  constexpr char none[sizeof magic] = {};
  if (std::memcmp(file_->magic, none, sizeof magic) == 0) {
    for (Slot& slot : file_->slots) {
      slot.generation = slot.count = 0;
      slot.checksum = sum(slot);
    }
    std::memcpy(file_->magic, magic, sizeof magic);
  }
  if (std::memcmp(file_->magic, magic, sizeof magic) != 0) return false;
  const bool whole[] = {is_whole(file_->slots[0]), is_whole(file_->slots[1])};
  // Signed, because the number comes round.
  const auto ahead = static_cast<std::int64_t>(file_->slots[1].generation - file_->slots[0].generation);
  newest_ = whole[1] && (!whole[0] || ahead > 0) ? 1 : 0;
  generation_ = file_->slots[newest_].generation;
  count_ = file_->slots[newest_].count;
  return whole[newest_];
}

std::vector<JournalNote> JournalMemory::left_over() const {
  std::vector<JournalNote> notes;
  const Slot& slot = file_->slots[newest_];
  for (const Entry& entry : std::span(slot.entries, slot.count)) {
    JournalNote& note = notes.emplace_back();
    note.first.set(entry.first, entry.first_sub);
    note.last.set(entry.last, entry.last_sub);
    note.failures = entry.failures;
    note.interruptions = entry.interruptions;
    note.searching = (entry.flags & searching) != 0;
    note.under_way = (entry.flags & under_way) != 0;
    note.aside = (entry.flags & aside) != 0;
    note.lanes = static_cast<std::uint32_t>(entry.flags >> lanes_at);
  }
  return notes;
}

void JournalMemory::write(const JournalNotes& notes) {
  const std::span<const JournalNote> all = notes.all();
  if (all.empty() && count_ == 0) return;
  newest_ = 1 - newest_;
  Slot& to = file_->slots[newest_];
  to.generation = ++generation_;
  to.count = count_ = std::min(all.size(), most_notes);
  for (std::size_t i = 0; i < to.count; ++i) {
    const JournalNote& note = all[i];
    Entry& entry = to.entries[i];
    copy_text(entry.first, note.first.sequence_number);
    copy_text(entry.last, note.last.sequence_number);
    entry.first_sub = note.first.sub_sequence_number;
    entry.last_sub = note.last.sub_sequence_number;
    entry.failures = note.failures;
    entry.interruptions = note.interruptions;
    entry.flags = (note.searching ? searching : 0) | (note.under_way ? under_way : 0) | (note.aside ? aside : 0) |
                  std::uint64_t{note.lanes} << lanes_at;
  }
  to.checksum = sum(to);
}

std::atomic<std::uint32_t>& JournalMemory::own_fault() {
  return file_->own_fault;
}

}  // namespace kclhost::host::store
