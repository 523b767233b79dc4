#include "replay/letter_reader.hpp"

#include <utility>

#include "kclhost/plugin.h"
#include "store/dead_letter_line.hpp"
#include "support/base64.hpp"
#include "support/excerpt.hpp"

namespace kclhost::host::replay {
namespace {

// Whatever the format's version is.
constexpr std::string_view beginning = "{\"dead_letter\":";

// A power cut leaves the beginning of a line, or zeros in it; so does reading a file that is being written.
bool is_torn(std::string_view line) {
  return !line.ends_with('}') || line.find('\0') != std::string_view::npos;
}

}  // namespace

bool is_letter(std::string_view line) {
  return line.starts_with(beginning);
}

std::optional<std::string> LetterReader::add(std::string_view line) {
  if (is_torn(line)) {
    return "a dead letter that is cut short: a power cut tore it, or it is being written; remove the line, or take the "
           "whole ones from kclhost dead-letters show --lines";
  }
  Result<store::ParsedLetter> letter = store::parse_dead_letter(line);
  if (!letter) return letter.error() + "; correct the line or remove it";
  if (!is_number(letter->sequence_number)) return "sequence_number must be decimal digits; correct the line";
  if (empty()) {
    stream_ = letter->origin.stream;
    shard_id_ = letter->origin.shard_id;
  } else if (stream_ != letter->origin.stream || shard_id_ != letter->origin.shard_id) {
    return "a dead letter of " + excerpt(letter->origin.stream) + ", " + excerpt(letter->origin.shard_id) +
           " after one of " + excerpt(stream_) + ", " + excerpt(shard_id_) +
           "; give one shard's: kclhost dead-letters show --lines --shard SHARD";
  }
  const auto [place, is_new] =
      letters_.try_emplace(Position{letter->sequence_number, letter->sub_sequence_number},
                           Letter{letter->data, std::move(letter->partition_key), letter->arrival_ms});
  if (!is_new && place->second.data != letter->data) {
    return "another record with the sequence number " + place->first.sequence_number + "/" +
           std::to_string(place->first.sub_sequence_number) + " stands before it; keep one of the two";
  }
  return std::nullopt;
}

void LetterReader::give_to(BatchBuilder& builder) const {
  std::string base64;
  for (const auto& [position, letter] : letters_) {
    base64.clear();
    base64::encode(letter.data, base64);
    Record record{.base64 = base64,
                  .partition_key = letter.partition_key,
                  .sequence_number = position.sequence_number,
                  .sub_sequence_number = position.sub_sequence_number,
                  .timestamp = std::nullopt};
    if (letter.arrival_ms != KCLHOST_NO_TIMESTAMP) record.timestamp = letter.arrival_ms;
    builder.add(record, letter.data.size());
  }
}

}  // namespace kclhost::host::replay
