#include "aws/stream_arn.hpp"

#include <sstream>
#include <vector>

#include "aws/errors.hpp"

namespace kclhost::host::aws {

bool is_arn(const std::string& stream) {
  return stream.starts_with("arn:");
}

std::string region_of_arn(const std::string& arn) {
  constexpr std::size_t service = 2, region = 3, resource = 5;
  std::vector<std::string> parts;
  std::istringstream in(arn);
  for (std::string part; std::getline(in, part, ':');) parts.push_back(part);
  const bool well = parts.size() == resource + 1 && parts[service] == "kinesis" && !parts[region].empty() &&
                    parts[resource].starts_with("stream/") && parts[resource].size() > std::string("stream/").size();
  if (!well) throw ConfigurationError("--stream: no stream's ARN (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME): " + arn);
  return parts[region];
}

}  // namespace kclhost::host::aws
