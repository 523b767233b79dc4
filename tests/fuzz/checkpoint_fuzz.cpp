// replay's checkpoint file.
#include "replay/checkpoint_file.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const auto position = replay::parse_checkpoint(fuzz::text_of(data, size));
  if (!position) {
    fuzz::require_one_line(position.error());
    return 0;
  }
  fuzz::require(position->sub_sequence_number >= 0);
  fuzz::require(replay::is_number(position->sequence_number) || position->sequence_number == replay::shard_end ||
                position->sequence_number == replay::trim_horizon);
  return 0;
}
