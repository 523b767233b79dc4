// The lines of a captured conversation.
#include "replay/capture_reader.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  std::string_view text = fuzz::text_of(data, size);
  std::optional<replay::Position> resume;
  if (text.starts_with('@')) resume = replay::Position{"7", 1};
  replay::CaptureReader reader("shardId-000000000000", resume);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (const auto problem = reader.add(line)) {
      fuzz::require_one_line(*problem);
      return 0;
    }
  }
  const replay::Script script = reader.finish();
  fuzz::require(script.initialize.ends_with('\n'));
  for (const replay::Batch& batch : script.batches) {
    fuzz::require(batch.line.find('\n') == batch.line.size() - 1);
  }
  return 0;
}
