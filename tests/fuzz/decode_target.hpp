// What must hold for any bytes that are decoded as a line.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "pieces.hpp"
#include "protocol/batch_decoder.hpp"
#include "require.hpp"

namespace kclhost::host::fuzz {

inline void inside(std::string_view text, const char* begin, std::size_t size) {
  if (text.empty()) return;
  require(text.data() >= begin && text.data() + text.size() <= begin + size);
}

// All that was found lies in the memory given.
inline void check(const Result<protocol::Message>& message, const char* memory, std::size_t size) {
  if (!message) {
    require(!message.error().empty() && message.error().size() < 400);
    for (const char c : message.error()) require(c >= 0x20 && c < 0x7f);
    return;
  }
  for (const std::string_view text : {message->action_text, message->shard_id, message->sequence_number.value_or(""),
                                      message->error.value_or(""), message->reason}) {
    inside(text, memory, size);
  }
  require(!message->action_text.empty());
  const Batch& batch = message->batch;
  if (batch.count == 0) return;
  require(batch.base == memory && batch.table + batch.count * sizeof(RecordEntry) <= size);
  for (std::size_t i = 0; i < batch.count; ++i) {
    for (const std::string_view text : {batch.data(i), batch.partition_key(i), batch.sequence_number(i)}) {
      inside(text, memory, batch.table);
    }
  }
}

// What a line means, as text.
inline std::string meaning(const Result<protocol::Message>& message) {
  if (!message) return message.error();
  const auto text = [](std::string_view part) { return std::to_string(part.size()) + ":" + std::string(part) + " "; };
  std::string all = text(message->action_text) + text(message->shard_id) +
                    text(message->sequence_number.value_or("-")) + std::to_string(message->sub_sequence_number) +
                    text(message->error.value_or("-")) + text(message->reason) +
                    std::to_string(message->batch.millis_behind_latest);
  for (std::size_t i = 0; i < message->batch.count; ++i) {
    const RecordEntry& entry = message->batch.entry(i);
    all += text(message->batch.data(i)) + text(message->batch.partition_key(i)) +
           text(message->batch.sequence_number(i)) + std::to_string(entry.sub_sequence_number) + " " +
           std::to_string(entry.arrival_ms) + " ";
  }
  return all;
}

// The same bytes as they may come out of a pipe: some now, some later.
inline std::string meaning_in_pieces(std::string_view bytes, unsigned seed) {
  SharedBuffer buffer;
  protocol::BatchDecoder decoder(buffer);
  return meaning(test::decode_in_pieces(decoder, bytes, [&seed] {
    seed = seed * 1103515245 + 12345;
    return 1 + seed / 65536 % (seed % 3 == 0 ? 8 : 300);
  }));
}

// Decodes the bytes as a message of the daemon, at once and in pieces, and as a checkpoint's answer. True when they are
// a message.
inline bool decode_one(std::string_view bytes) {
  // Never destroyed: a worker that a test forked has none of it, and would unmap what lies there instead when it exits.
  static auto& buffer = *new SharedBuffer;
  static protocol::BatchDecoder decoder(buffer);
  const auto message = test::decode_at_once(decoder, bytes);
  check(message, buffer.data(), buffer.size());
  if (bytes.find('\n') == std::string_view::npos) {  // no line has one
    require(meaning_in_pieces(bytes, static_cast<unsigned>(bytes.size())) == meaning(message));
  }

  // The decoder may look at the 16 bytes, aligned, that hold the last one.
  std::vector<char> line(bytes.size() + 16);
  std::memcpy(line.data(), bytes.data(), bytes.size());
  const auto answer = protocol::decode({line.data(), bytes.size()});
  check(answer, line.data(), bytes.size());
  require(!answer || message);  // what is an answer is a message
  return static_cast<bool>(message);
}

}  // namespace kclhost::host::fuzz
