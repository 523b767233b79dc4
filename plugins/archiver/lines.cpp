#include "lines.hpp"

#include "encoding/record_json.hpp"

namespace archiver {

std::string line_of(const kclhost::Record& record, Format format) {
  std::string line =
      format == Format::raw ? std::string(record.data()) : encoding::json_of(record, format == Format::json_text);
  line += '\n';
  return line;
}

}  // namespace archiver
