#include "protocol/writer.hpp"

#include "support/json_string.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::protocol {
bool Writer::status(std::string_view action) {
  line_ = "\n{\"action\":\"status\",\"responseFor\":";
  append_json_string(line_, action);
  return send();
}

bool Writer::checkpoint(std::optional<std::string_view> sequence_number,
                        std::optional<std::int64_t> sub_sequence_number) {
  line_ = "\n{\"action\":\"checkpoint\",\"sequenceNumber\":";
  if (sequence_number) {
    append_json_string(line_, *sequence_number);
  } else {
    line_ += "null";
  }
  line_ += ",\"subSequenceNumber\":";
  line_ += sub_sequence_number ? std::to_string(*sub_sequence_number) : "null";
  return send();
}

bool Writer::send() {
  line_ += "}\n";
  return write_all(fd_, line_);
}

}  // namespace kclhost::host::protocol
