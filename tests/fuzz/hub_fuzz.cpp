// What a host may send the hub: a packet, whose JSON is a shard's state or series. What was understood is said again in
// the same way, and fits the page.
#include <string>

#include "hub/exposition.hpp"
#include "hub/packet.hpp"
#include "hub/series.hpp"
#include "hub/shard_state.hpp"
#include "require.hpp"

namespace {

using namespace kclhost::host;
using fuzz::require;

std::string page_of(const hub::Tally& tally) {
  hub::Exposition page(hub::Format::open_metrics);
  page.add(tally);
  return page.text();
}

void read_series(std::string_view json) {
  const auto all = hub::parse_series(json);
  if (!all) return;
  hub::Tally tally;
  for (const hub::Series& one : *all) tally.add(one);
  const auto texts = hub::to_json(tally.series(), hub::longest_packet);
  hub::Tally again;
  for (const std::string& text : texts) {
    const auto read = hub::parse_series(text);
    require(bool(read));
    for (const hub::Series& one : *read) again.add(one);
  }
  const std::string page = page_of(tally);
  require(page_of(again) == page);
  require(page.ends_with("# EOF\n"));
}

void read_state(std::string_view json) {
  const auto state = hub::parse_shard_state(json);
  if (!state) return;
  const auto again = hub::parse_shard_state(hub::to_json(*state));
  require(again && *again == *state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto packet = hub::Packet::read(bytes);
  read_series(packet ? packet->json : bytes);
  read_state(packet ? packet->json : bytes);
  return 0;
}
