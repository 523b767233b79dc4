#include "config/daemon_version.hpp"

#include <charconv>
#include <string_view>
#include <vector>

namespace kclhost::host::config {
namespace {

constexpr std::string_view jar_name = "amazon-kinesis-client-multilang-";
constexpr std::string_view jar_end = ".jar";

std::vector<int> numbers_of(const std::string& version) {
  std::vector<int> numbers;
  for (std::size_t at = 0; at < version.size();) {
    int number = 0;
    const auto [end, error] = std::from_chars(version.data() + at, version.data() + version.size(), number);
    if (error != std::errc{}) break;
    numbers.push_back(number);
    at = static_cast<std::size_t>(end - version.data()) + 1;
  }
  return numbers;
}

}  // namespace

std::string daemon_version(const std::filesystem::path& jars) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(jars, error), end; !error && entry != end; entry.increment(error)) {
    if (std::string version = daemon_version_in(entry->path().filename().string()); !version.empty()) return version;
  }
  return {};
}

std::string daemon_version_in(const std::string& name) {
  if (!name.starts_with(jar_name) || !name.ends_with(jar_end) || name.size() <= jar_name.size() + jar_end.size())
    return {};
  std::string version = name.substr(jar_name.size(), name.size() - jar_name.size() - jar_end.size());
  return version[0] >= '0' && version[0] <= '9' ? version : std::string();
}

bool is_before(const std::string& version, const std::string& other) {
  return !version.empty() && numbers_of(version) < numbers_of(other);
}

}  // namespace kclhost::host::config
