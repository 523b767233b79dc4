// Decodes a line while it arrives.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "protocol/batch_store.hpp"
#include "protocol/message.hpp"
#include "protocol/message_handler.hpp"

namespace kclhost::host::protocol {

class LineParser;

// A batch of megabytes is decoded record by record as it comes out of the pipe, into the shared buffer: its text never
// is in memory as a whole, so that it stays in the processor's caches, and the daemon writes on meanwhile. Whatever is
// not a record as the daemon writes it waits for the line's end, and what a line means, or what is wrong with it, does
// not depend on the pieces it came in. Not thread-safe.
class BatchDecoder {
 public:
  // It must outlive the decoder.
  explicit BatchDecoder(SharedBuffer& buffer) : store_(buffer) {}

  // `text` has arrived of a line, behind what was taken of it before; the line's end may be in it, and more behind
  // that. Says how many bytes of it are taken: these are not needed any longer. Takes none of a line that is no batch.
  // Changes the text, also where it was not taken, and the byte behind it. overread bytes behind it must be readable.
  std::size_t arrived(std::span<char> text);
  // The line's rest, behind what was taken of it, is all there: decodes it, and the next line may come. What the
  // message says then lies in the shared buffer, until the next line. The error names the byte and shows what stands
  // there. Unknown members are ignored. Changes the text and the byte behind it; overread bytes behind it must be
  // readable.
  Result<Message> decode(std::span<char> rest);

  // Gives the buffer's memory back, if it is worth it: whether it was. Nothing may have been taken of a line.
  bool release() { return store_.release(); }

  static constexpr std::size_t overread = 64;

 private:
  void begin_line();
  bool begin_records(std::span<char> text);
  void take_whole_records(const char* last_end);
  void take_data_begun(std::span<char> text);
  bool read_records(LineParser& parser);
  bool read_record(LineParser& parser);
  bool read_members_behind(LineParser& parser);

  BatchStore store_;
  Message message_;
  std::optional<MessageHandler> handler_;  // once the line has turned out to be a batch
  char* at_ = nullptr;                     // so far text is taken
  std::size_t taken_ = 0;                  // bytes of the line
  std::size_t seen_ = 0;                   // bytes behind those that have arrived
  bool behind_record_ = false;             // what was taken ends with a record
  bool not_base64_ = false;                // what was not taken begins with a record whose data are not
};

}  // namespace kclhost::host::protocol
