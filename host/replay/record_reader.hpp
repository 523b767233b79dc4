// Turns lines of input into records: the formats json and lines.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "records/json_record.hpp"
#include "replay/batch_builder.hpp"

namespace kclhost::host::replay {

class RecordReader {
 public:
  // Records go to `builder`, which must outlive the reader.
  explicit RecordReader(BatchBuilder& builder);

  // One record from one line; what is wrong with it, if anything. add_json overwrites `line`, which a NUL must follow.
  std::optional<std::string> add_json(std::span<char> line);
  std::optional<std::string> add_text(std::string_view line);

 private:
  std::optional<std::string> add(const records::JsonRecord& fields);

  BatchBuilder& builder_;
  std::uint64_t index_ = 0;  // of the next record in all inputs
  std::int64_t now_;         // the timestamp of records that name none
  std::string base64_, partition_key_, sequence_number_;
  records::JsonRecordReader json_;
};

}  // namespace kclhost::host::replay
