#include "options.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace archiver {

namespace {

// Which of two texts it is; the first one where it is not there.
bool is_second(const kclhost::Config& choice, const char* first, const char* second) {
  const std::string chosen = choice.value_or(first);
  if (chosen != first && chosen != second) choice.refuse(std::string(first) + " or " + second);
  return chosen == second;
}

std::size_t at_least_1(const kclhost::Config& limit, std::size_t otherwise) {
  const auto value = limit.value_or(otherwise);
  if (value == 0) limit.refuse("1 or more");
  return value;
}

void require_writable(const kclhost::Config& directory) {
  const auto path = directory.as<std::string>();
  if (path.empty() || path[0] != '/') directory.refuse("a path from the root (/...)");
  struct stat status {};
  int error = ::stat(path.c_str(), &status) != 0 ? errno : 0;
  if (error == 0 && !S_ISDIR(status.st_mode)) error = ENOTDIR;
  if (error == 0 && ::access(path.c_str(), R_OK | W_OK | X_OK) != 0) error = errno;
  if (error == 0) return;
  throw std::invalid_argument(directory.path() + " must be a directory that this user can read and write: " + path +
                              ": " + std::generic_category().message(error));
}

}  // namespace

Options parse_options(const kclhost::Config& config) {
  config.allow_only({"output_dir", "format", "data", "compression", "max_age_seconds", "max_bytes", "max_records"});
  Options options;
  require_writable(config["output_dir"]);
  options.output_dir = config["output_dir"].as<std::string>();
  const bool base64 = is_second(config["data"], "text", "base64");
  const bool raw = is_second(config["format"], "json", "raw");
  if (raw && config["data"].exists()) config["data"].refuse("left out with format raw");
  options.format = raw ? Format::raw : base64 ? Format::json_base64 : Format::json_text;
  options.gzip = is_second(config["compression"], "none", "gzip");

  const kclhost::Config age = config["max_age_seconds"];
  const double seconds = age.value_or(60.0);
  if (!(seconds >= 0.01 && seconds <= 86'400)) age.refuse("from 0.01 to 86400");
  options.max_age = std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
  options.max_bytes = at_least_1(config["max_bytes"], options.max_bytes);
  options.max_records = at_least_1(config["max_records"], options.max_records);
  return options;
}

}  // namespace archiver
