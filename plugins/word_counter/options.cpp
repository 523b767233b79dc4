#include "options.hpp"

#include <string>

namespace word_counter {

Options parse_options(const kclhost::Config& config) {
  config.allow_only({"output_dir", "report_interval_seconds", "top"});
  Options options;
  const kclhost::Config directory = config["output_dir"], interval = config["report_interval_seconds"];
  if (directory.exists()) {
    options.output_dir = directory.as<std::string>();
    if (options.output_dir.empty()) directory.refuse("a directory's path");
  }
  options.report_interval = std::chrono::duration<double>(interval.value_or(options.report_interval.count()));
  if (options.report_interval.count() < 0) interval.refuse("0 or more");
  options.top = config["top"].value_or(options.top);
  return options;
}

}  // namespace word_counter
