#include "put/options.hpp"

#include "put/source.hpp"

namespace kclhost::host::put {
void declare(cli::CommandLine& line, Options& options) {
  using cli::Least;
  line.add({.names = "--stream",
            .into = &options.stream,
            .help = "The stream's name, or its ARN",
            .required = true,
            .value = "NAME"});
  line.add(
      {.names = "-w,--word", .into = &options.words, .help = "Put these words, each as one record", .value = "WORD"});
  line.add({.names = "FILE",
            .into = &options.file,
            .help = "Put each line of this file as one record; -: standard input",
            .value = "FILE",
            .excludes = "--word"});
  line.add({.names = "-p,--period",
            .into = &options.period,
            .help = "Put them again every SECONDS, until SIGINT or SIGTERM",
            .value = "SECONDS",
            .least = Least::above_zero});
  line.add({.names = "--create-stream",
            .into = &options.create_shards,
            .help = "Create the stream with so many shards if it is not there",
            .value = "SHARDS",
            .least = Least::above_zero});
  line.add({.names = "--format",
            .into = &options.format,
            .help = "FILE's format: lines (default), or json: a record's object on each line",
            .value = "FORMAT",
            .choices = {"lines", "json"}});
  line.add({.names = "--partition-key",
            .into = &options.partition_key,
            .help = "For records that name none (default: each word; a line's hash)",
            .value = "KEY"});
  line.add({.names = "--region",
            .into = &options.region,
            .help = "Default: AWS_REGION, AWS_DEFAULT_REGION, the profile's",
            .value = "REGION"});
  line.add({.names = "--endpoint",
            .into = &options.endpoint,
            .help = "Default: KCLHOST_KINESIS_ENDPOINT, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the profile's, "
                    "AWS's own for the region",
            .value = "URL"});
  line.add({.names = "--max-attempts",
            .into = &options.max_attempts,
            .help = "Attempts in a row that get nothing done before giving up",
            .value = "N",
            .least = Least::above_zero,
            .show_default = true});
  line.add({.names = "--progress", .into = &options.progress, .help = "Say how far it is, about once a second"});
  line.add({.names = "--quiet", .into = &options.quiet, .help = "Say nothing but errors", .excludes = "--progress"});
}

std::string wrong_with(const Options& options) {
  if (options.stream.empty()) return "--stream: the name is empty";
  if (options.create_shards && options.stream.starts_with("arn:"))
    return "--create-stream takes a stream's name, not its ARN";
  if (options.words.empty() && options.file.empty())
    return "nothing to put: give -w WORD..., a FILE, or - for standard input";
  if (!options.words.empty() && options.format != "lines") return "--format goes with FILE, not with -w";
  if (options.period && options.file == "-") return "-p goes with -w or a FILE: standard input can be read once only";
  if (options.partition_key && !is_partition_key(*options.partition_key)) return "--partition-key: 1 to 256 characters";
  return {};
}

}  // namespace kclhost::host::put
