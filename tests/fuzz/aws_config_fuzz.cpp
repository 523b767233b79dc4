// ~/.aws/config and ~/.aws/credentials.
#include "aws/shared_config.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  for (const bool config_file : {true, false}) {
    const aws::SharedFile file = aws::parse_shared_file(fuzz::text_of(data, size), config_file);
    for (const auto* sections : {&file.profiles, &file.services}) {
      for (const auto& [section, settings] : *sections) {
        for (const auto& [name, value] : settings) {
          fuzz::require((name + value).find('\n') == std::string::npos);
          fuzz::require(value.empty() || (value.front() != ' ' && value.back() != ' '));
        }
      }
    }
  }
  return 0;
}
