// What must hold for any bytes that are decoded as a line.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.hpp"

namespace kclhost::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline void inside(std::string_view text, const char* begin, std::size_t size) {
  if (text.empty()) return;
  require(text.data() >= begin && text.data() + text.size() <= begin + size);
}

inline void check(const Result<protocol::Message>& message, const char* line, std::size_t size,
                  const SharedBuffer* buffer) {
  if (!message) {
    require(!message.error().empty() && message.error().size() < 400);
    for (const char c : message.error()) require(c >= 0x20 && c < 0x7f);
    return;
  }
  for (const std::string_view text : {message->action_text, message->shard_id, message->sequence_number.value_or(""),
                                      message->error.value_or(""), message->reason}) {
    inside(text, line, size);
  }
  require(!message->action_text.empty());
  const Batch& batch = message->batch;
  if (batch.count == 0) return;
  require(buffer != nullptr && batch.base == buffer->data() && batch.table > size &&
          batch.table + batch.count * sizeof(RecordEntry) <= buffer->size());
  for (std::size_t i = 0; i < batch.count; ++i) {
    for (const std::string_view text : {batch.data(i), batch.partition_key(i), batch.sequence_number(i)}) {
      inside(text, line, size);
    }
  }
}

// Decodes the bytes as a message of the daemon and as a checkpoint's answer. True when they are a message.
inline bool decode_one(std::string_view bytes) {
  static SharedBuffer buffer;
  require(buffer.reserve(bytes.size() + 1));
  std::memcpy(buffer.data(), bytes.data(), bytes.size());
  const auto message = protocol::decode({buffer.data(), bytes.size()}, &buffer);
  check(message, buffer.data(), bytes.size(), &buffer);

  // The decoder may look at the 16 bytes, aligned, that hold the last one.
  std::vector<char> line(bytes.size() + 16);
  std::memcpy(line.data(), bytes.data(), bytes.size());
  const auto answer = protocol::decode({line.data(), bytes.size()}, nullptr);
  check(answer, line.data(), bytes.size(), nullptr);
  require(!answer || message);  // what is an answer is a message
  return static_cast<bool>(message);
}

}  // namespace kclhost::fuzz
