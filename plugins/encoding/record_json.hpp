// A record as JSON.
#pragma once

#include <kclhost/record.hpp>

#include <string>

namespace encoding {

// An object on one line, without a newline, as `kclhost replay` and `kclhost put` read it: sequenceNumber,
// subSequenceNumber, partitionKey, approximateArrivalTimestamp (milliseconds, or null), and the data: as "text" where
// it is wanted and the data is UTF-8, else as "data" in base64.
std::string json_of(const kclhost::Record& record, bool as_text);

}  // namespace encoding
