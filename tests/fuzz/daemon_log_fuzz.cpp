// What a daemon and its children print becomes lines of the log, each whole and, where the log is JSON, an object.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "launch/daemon_log.hpp"
#include "require.hpp"
#include "support/json.hpp"

using namespace kclhost::host;
using fuzz::require;

namespace {

void give(std::string_view text, config::LogFormat format) {
  config::Log settings;
  settings.format = format;
  launch::DaemonLog log(settings);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto event = log.take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (event.line.empty()) continue;
    require(event.line.find('\n') == event.line.size() - 1);
    rapidjson::Document document;
    if (format == config::LogFormat::json) require(!json::parse(event.line, document, json::Utf8::checked));
    if (format == config::LogFormat::json) require(document.IsObject());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  give(text, config::LogFormat::json);
  give(text, config::LogFormat::text);
  return 0;
}
