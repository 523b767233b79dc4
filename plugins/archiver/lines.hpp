// A record as a line of a file.
#pragma once

#include <kclhost/record.hpp>

#include <string>

#include "options.hpp"

namespace archiver {

// With its newline. raw: the data as it is, so that data with newlines makes several lines. json: what `kclhost replay`
// and `kclhost put` read, with "text", or "data" in base64.
std::string line_of(const kclhost::Record& record, Format format);

}  // namespace archiver
