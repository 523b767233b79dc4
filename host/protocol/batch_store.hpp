// A batch in the shared buffer: its texts, and behind them the table of its records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "batch/batch.hpp"
#include "support/base64_decode.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::protocol {

// How long the texts will be is not known while a batch arrives: the table stands as far behind them as seems right,
// and moves when that was too near. What lies between is never touched, so that there is no memory behind it. Not
// thread-safe.
class BatchStore {
 public:
  // The buffer must outlive the store.
  explicit BatchStore(SharedBuffer& buffer) : buffer_(buffer) {}

  const char* base() const { return buffer_.data(); }
  std::uint32_t table() const { return static_cast<std::uint32_t>(table_); }
  std::uint32_t count() const { return count_; }

  // A new batch begins.
  void clear();
  // Gives the buffer's memory back, if it is worth it: whether it was. What it held is lost.
  bool release();

  // Makes room for the texts of so many bytes of JSON, on top of what is there. False when there is no memory for it.
  [[nodiscard]] bool reserve(std::size_t bytes);
  // A copy of a text for which there is room. Its offset in the buffer is never 0.
  std::string_view keep(std::string_view text);
  // The same for a record's: may read text_overread bytes behind it.
  void keep_partition_key(std::string_view text, RecordEntry& record) {
    append(text, record.partition_key, record.partition_key_size);
  }
  void keep_sequence_number(std::string_view text, RecordEntry& record) {
    append(text, record.sequence_number, record.sequence_number_size);
  }
  // Decodes a record's data, for whose text there is room, as far as that is base64, and says how far that is: see
  // decode_base64. They are not kept yet: what is kept next overwrites them.
  const char* decode_data(const char* base64) {
    const DecodedBase64 decoded = decode_base64(base64, buffer_.data() + end_);
    decoded_ = decoded.size;
    return decoded.end;
  }
  // Keeps what was decoded last: a record's data, or only their beginning, and then the record's next go on with it.
  void keep_data(RecordEntry& record) {
    record.data = static_cast<std::uint32_t>(end_ - data_begun_);
    record.data_size = static_cast<std::uint32_t>(data_begun_ + decoded_);
    end_ += decoded_;
    data_begun_ = 0;
  }
  void keep_data_begun() {
    data_begun_ += decoded_;
    end_ += decoded_;
  }

  // Where the next record goes, null when there is no memory. It is none until it is added.
  RecordEntry* next() { return count_ < room_ || make_room() ? entries() + count_ : nullptr; }
  void add() { ++count_; }

  static constexpr std::size_t text_overread = 16;

 private:
  RecordEntry* entries() const { return reinterpret_cast<RecordEntry*>(buffer_.data() + table_); }
  void append(std::string_view text, std::uint32_t& offset, std::uint32_t& size);
  bool make_room();

  SharedBuffer& buffer_;
  std::size_t decoded_ = 0;  // bytes of data behind the texts
  static constexpr std::size_t first_text = text_overread;

  std::size_t end_ = first_text;  // of the texts
  std::size_t table_ = 0;
  std::size_t data_begun_ = 0;          // bytes of the next record's data, the last of the texts
  std::uint32_t count_ = 0, room_ = 0;  // records in the table; records that fit the buffer
};

// Some two dozen bytes mostly: memcpy would take longer to find that out than to copy them.
inline void BatchStore::append(std::string_view text, std::uint32_t& offset, std::uint32_t& size) {
  char* const to = buffer_.data() + end_;
  for (std::size_t i = 0; i < text.size(); i += text_overread) std::memcpy(to + i, text.data() + i, text_overread);
  offset = static_cast<std::uint32_t>(end_);
  size = static_cast<std::uint32_t>(text.size());
  end_ += text.size();
}

}  // namespace kclhost::host::protocol
