// Decodes a line while it arrives.
#pragma once

#include <cstddef>
#include <optional>

#include "protocol/message.hpp"
#include "protocol/message_handler.hpp"
#include "protocol/record_table.hpp"

namespace kclhost::protocol {

class LineParser;

// A batch of megabytes is decoded record by record as it comes out of the pipe: its bytes are in the processor's caches
// then, and the daemon writes on meanwhile. Whatever is not a record as the daemon writes it waits for the line's end,
// and what a line means, or what is wrong with it, does not depend on the pieces it came in. Not thread-safe.
class BatchDecoder {
 public:
  // Lines lie at the buffer's start. It must outlive the decoder.
  explicit BatchDecoder(SharedBuffer& buffer) : buffer_(buffer), table_(buffer) {}

  char* line() { return buffer_.data(); }
  // How long a line may get before reserve must be called.
  std::size_t room() const;
  // Makes room for a line of so many bytes; what has arrived stays. False when there is no memory for it.
  [[nodiscard]] bool reserve(std::size_t bytes);

  // A new line begins; there is none yet of which anything has arrived.
  void begin();
  // The line's first so many bytes have arrived, its end has not. Changes them, and the byte behind them.
  void arrived(std::size_t bytes);
  // All of it has, and there is room for so much: decodes what is left in place. The records' data are decoded where
  // they stand, and their table is put behind them: the buffer then holds all of the batch, until the next line. The
  // error names the byte and shows what stands there. Unknown members are ignored.
  Result<Message> decode(std::size_t line_size);

  // Gives the buffer's memory back, if it is worth it: whether it was. Nothing may have arrived of a line.
  bool release();

 private:
  bool begins_batch(std::size_t bytes) const;
  void begin_records();
  void decode_whole_records();
  bool read_records(LineParser& parser);
  bool read_record(LineParser& parser);
  bool read_members_behind(LineParser& parser);

  SharedBuffer& buffer_;
  RecordTable table_;
  Message message_;
  std::optional<MessageHandler> handler_;  // once the line has turned out to be a batch
  char* at_ = nullptr;                     // a record begins here, or the last one ended
  bool behind_record_ = false;             // the latter
  bool not_base64_ = false;                // and its data are not
  std::size_t size_ = 0;                   // of what has arrived
};

}  // namespace kclhost::protocol
