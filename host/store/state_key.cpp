#include "store/state_key.hpp"

#include "support/sha256.hpp"

namespace kclhost::host::store {

std::string daemon_property(const config::Config& config, const char* name) {
  const auto found = config.daemon.properties.find(name);
  return found == config.daemon.properties.end() ? std::string() : found->second;
}

std::string stream_name(const config::Config& config) {
  std::string name = daemon_property(config, "streamName");
  if (!name.empty()) return name;
  const std::string arn = daemon_property(config, "streamArn");  // arn:aws:kinesis:REGION:ACCOUNT:stream/NAME
  return arn.substr(arn.rfind('/') + 1);
}

std::string state_key(const config::Config& config) {
  const std::string application = daemon_property(config, "applicationName");
  if (application.empty()) return "config-" + sha256_hex(config.file.string()).substr(0, 16);
  std::string stream = daemon_property(config, "streamName");
  if (stream.empty()) stream = daemon_property(config, "streamArn");
  return stream.empty() ? application : application + "@" + stream;
}

std::string replay_state_key(const config::Config& config) {
  return "replay:" + state_key(config);
}

}  // namespace kclhost::host::store
