#include "put/options.hpp"

#include "put/source.hpp"

namespace kclhost::host::put {
namespace {

CLI::Validator positive() {
  return {[](const std::string& text) {
            double number = 0;
            return CLI::detail::lexical_cast(text, number) && number > 0 && number < 1e9
                       ? std::string()
                       : "expected a number above 0, not " + text;
          },
          ""};
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  app.add_option("--stream", options.stream, "The stream's name, or its ARN")->required()->type_name("NAME");
  auto* words = app.add_option("-w,--word", options.words, "Put these words, each as one record")->type_name("WORD");
  auto* file = app.add_option("FILE", options.file, "Put each line of this file as one record; -: standard input")
                   ->type_name("");
  words->excludes(file);
  app.add_option("-p,--period", options.period, "Put them again every SECONDS, until SIGINT or SIGTERM")
      ->check(positive())
      ->type_name("SECONDS");
  app.add_option("--create-stream", options.create_shards, "Create the stream with so many shards if it is not there")
      ->check(positive())
      ->type_name("SHARDS");
  app.add_option("--format", options.format, "FILE's format: lines (default), or json: a record's object on each line")
      ->check(CLI::IsMember({"lines", "json"}).description(""))
      ->type_name("FORMAT");
  app.add_option("--partition-key", options.partition_key,
                 "For records that name none (default: each word; a line's hash)")
      ->type_name("KEY");
  app.add_option("--region", options.region, "Default: AWS_REGION, AWS_DEFAULT_REGION, the profile's")
      ->type_name("REGION");
  app.add_option("--endpoint", options.endpoint,
                 "Default: KCLHOST_KINESIS_ENDPOINT, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the profile's, "
                 "AWS's own for the region")
      ->type_name("URL");
  app.add_option("--max-attempts", options.max_attempts, "Attempts in a row that get nothing done before giving up")
      ->check(positive())
      ->capture_default_str()
      ->type_name("N");
  app.add_flag("--progress", options.progress, "Say how far it is, about once a second");
  app.add_flag("--quiet", options.quiet, "Say nothing but errors")->excludes("--progress");
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
