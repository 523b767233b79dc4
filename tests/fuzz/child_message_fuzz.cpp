// What a child of replay says.
#include "replay/child_message.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const auto message = replay::parse_child_message(fuzz::text_of(data, size));
  if (message && message->kind != replay::ChildMessage::Kind::status) fuzz::require(message->response_for.empty());
  return 0;
}
