// One record of JSON.
#include <string>

#include "records/json_record.hpp"
#include "replay/record_reader.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const std::string_view text = fuzz::text_of(data, size);
  std::string line(text), same(text);
  records::JsonRecordReader reader;
  records::JsonRecord record;
  const auto problem = reader.read({line.data(), line.size()}, record);
  if (problem) fuzz::require_one_line(*problem);
  replay::BatchBuilder builder(1000, std::nullopt);
  replay::RecordReader replay_reader(builder);
  // The first record has none before it, so there is nothing else to refuse it for.
  fuzz::require(replay_reader.add_json({same.data(), same.size()}) == problem);
  if (problem) return 0;
  fuzz::require(record.text.has_value() != (record.base64.has_value() || record.null_data));
  const auto batches = builder.finish();
  fuzz::require(batches.size() == 1 && batches[0].line.find('\n') == batches[0].line.size() - 1);
  return 0;
}
