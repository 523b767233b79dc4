#include "options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <stdexcept>
#include <system_error>

#include "url.hpp"

namespace http_forwarder {

namespace {

// Its place among the choices; the first one where it is not there.
std::size_t choice(const kclhost::Config& config, std::initializer_list<const char*> choices) {
  const std::string chosen = config.value_or(*choices.begin());
  const auto found = std::find(choices.begin(), choices.end(), chosen);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string names;
  for (const char* one : choices) {
    if (!names.empty()) names += one == *(choices.end() - 1) ? " or " : ", ";
    names += one;
  }
  config.refuse(names);
}

std::size_t at_least_1(const kclhost::Config& limit, std::size_t otherwise) {
  const auto value = limit.value_or(otherwise);
  if (value == 0) limit.refuse("1 or more");
  return value;
}

std::chrono::milliseconds seconds(const kclhost::Config& config, std::chrono::milliseconds otherwise, double least,
                                  double most) {
  if (!config.exists()) return otherwise;
  const auto value = config.as<double>();
  if (!(value >= least && value <= most)) {
    const auto shown = [](double number) {
      std::string text = std::to_string(number);
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
      return text;
    };
    config.refuse("from " + shown(least) + " to " + shown(most));
  }
  return std::chrono::milliseconds(static_cast<long long>(value * 1000));
}

Retry parse_retry(const kclhost::Config& config) {
  config.allow_only({"initial_backoff_seconds", "max_backoff_seconds", "max_attempts", "statuses"});
  Retry retry;
  retry.initial_backoff = seconds(config["initial_backoff_seconds"], retry.initial_backoff, 0.001, 3600);
  const kclhost::Config max_backoff = config["max_backoff_seconds"];
  retry.max_backoff = seconds(max_backoff, std::max(retry.max_backoff, retry.initial_backoff), 0.001, 3600);
  if (retry.max_backoff < retry.initial_backoff) max_backoff.refuse("initial_backoff_seconds or more");
  if (const kclhost::Config attempts = config["max_attempts"]; attempts.exists()) {
    retry.max_attempts = attempts.as<unsigned>();
    if (retry.max_attempts == 0) attempts.refuse("1 or more");
  }
  retry.statuses = config["statuses"].value_or(retry.statuses);
  for (const kclhost::Config& status : config["statuses"].items()) {
    const auto value = status.as<long>();
    if (value < 400 || value > 499) status.refuse("from 400 to 499");
  }
  return retry;
}

const char* content_type(Format format) {
  switch (format) {
    case Format::json_lines:
      return "application/x-ndjson";
    case Format::json_array:
      return "application/json";
    case Format::raw:
      break;
  }
  return "application/octet-stream";
}

std::string readable_file(const kclhost::Config& file) {
  if (!file.exists()) return {};
  const auto path = file.as<std::string>();
  if (path.empty() || path[0] != '/') file.refuse("a path from the root (/...)");
  if (::access(path.c_str(), R_OK) == 0) return path;
  throw std::invalid_argument(file.path() + " must be a file that this user can read: " + path + ": " +
                              std::generic_category().message(errno));
}

}  // namespace

Options parse_options(const kclhost::Config& config) {
  config.allow_only({"url", "method", "headers", "format", "content", "compression", "batch", "concurrency", "ordered",
                     "follow_redirects", "timeout_seconds", "retry", "tls"});
  Options options;
  options.url = config["url"].as<std::string>();
  if (const std::string wrong = fault_of_url(options.url); !wrong.empty()) {
    throw std::invalid_argument(config["url"].path() + ' ' + wrong);
  }
  static constexpr const char* methods[] = {"POST", "PUT", "PATCH"};
  options.method = methods[choice(config["method"], {"POST", "PUT", "PATCH"})];
  options.format = static_cast<Format>(choice(config["format"], {"json_lines", "json_array", "raw"}));
  options.content = static_cast<Content>(choice(config["content"], {"envelope", "data"}));
  options.gzip = choice(config["compression"], {"none", "gzip"}) == 1;

  const kclhost::Config batch = config["batch"];
  batch.allow_only({"max_records", "max_bytes", "linger_seconds"});
  options.max_records = at_least_1(batch["max_records"], options.max_records);
  options.max_bytes = at_least_1(batch["max_bytes"], options.max_bytes);
  options.linger = seconds(batch["linger_seconds"], options.linger, 0, 86'400);
  if (options.format == Format::raw) {
    for (const char* key : {"content", "batch"}) {
      if (config[key].exists()) config[key].refuse("left out with format raw, whose requests have one record each");
    }
    options.max_records = 1;
  }
  options.concurrency = at_least_1(config["concurrency"], options.concurrency);
  if (options.concurrency > 1024) config["concurrency"].refuse("from 1 to 1024");
  options.ordered = config["ordered"].value_or(options.ordered);
  options.follow_redirects = config["follow_redirects"].value_or(options.follow_redirects);
  options.timeout = seconds(config["timeout_seconds"], options.timeout, 0.001, 3600);
  options.retry = parse_retry(config["retry"]);
  config["tls"].allow_only({"ca_file"});
  options.ca_file = readable_file(config["tls"]["ca_file"]);

  options.headers = parse_headers(config["headers"]);
  if (!has_header(options.headers, "Content-Type")) {
    options.headers.push_back({"Content-Type", content_type(options.format), {}});
  }
  return options;
}

}  // namespace http_forwarder
