// kclhost-put: a program of its own, so that what runs once per shard loads neither libcurl nor what comes with it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/endpoint.hpp"
#include "aws/errors.hpp"
#include "cli/cli.hpp"
#include "put/putter.hpp"
#include "put/source.hpp"
#include "put/stop.hpp"

namespace kclhost::host::put {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds progress_interval(1);

struct Options {
  std::string stream;
  std::vector<std::string> words;
  std::string file;
  std::string format = "lines";
  std::optional<std::string> partition_key;
  std::optional<double> period;  // seconds
  std::optional<int> create_shards;
  std::optional<std::string> endpoint;
  std::optional<std::string> region;
  int max_attempts = 10;
  bool progress = false;
  bool quiet = false;
};

void say(const std::string& line) {
  std::fprintf(stderr, "kclhost put: %s\n", line.c_str());
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string counted(std::uint64_t number, const char* noun) {
  return grouped(number) + ' ' + noun + (number == 1 ? "" : "s");
}

CLI::Validator positive() {
  return {[](const std::string& text) {
            double number = 0;
            return CLI::detail::lexical_cast(text, number) && number > 0 && number < 1e9
                       ? std::string()
                       : "expected a number above 0, not " + text;
          },
          ""};
}

void declare(CLI::App& app, Options& options) {
  app.add_option("--stream", options.stream, "The stream's name")->required()->type_name("NAME");
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
  app.add_option("--endpoint", options.endpoint, "Default: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the region's")
      ->type_name("URL");
  app.add_option("--max-attempts", options.max_attempts, "Attempts in a row that get nothing done before giving up")
      ->check(positive())
      ->capture_default_str()
      ->type_name("N");
  app.add_flag("--progress", options.progress, "Say how far it is, about once a second");
  app.add_flag("--quiet", options.quiet, "Say nothing but errors")->excludes("--progress");
}

// What CLI11's checks don't cover; empty: all is well.
std::string wrong_with(const Options& options) {
  if (options.stream.empty()) return "--stream: the name is empty";
  if (options.words.empty() && options.file.empty())
    return "nothing to put: give -w WORD..., a FILE, or - for standard input";
  if (!options.words.empty() && options.format != "lines") return "--format goes with FILE, not with -w";
  if (options.period && options.file == "-") return "-p goes with -w or a FILE: standard input can be read once only";
  if (options.partition_key && !is_partition_key(*options.partition_key)) return "--partition-key: 1 to 256 characters";
  return {};
}

class Program {
 public:
  explicit Program(const Options& options)
      : options_(options),
        environment_(aws::process_environment()),
        region_(aws::resolve_region(options.region, environment_)),
        credentials_(environment_, http_, region_),
        kinesis_(http_, credentials_, region_,
                 aws::service_endpoint("kinesis", "KINESIS", region_, environment_, options.endpoint)),
        patience_(patience()),
        putter_(kinesis_, options.stream, patience_) {}

  void run() {
    auto source = open();  // before anything is created
    shards_ = ensure_stream(kinesis_, options_.stream, options_.create_shards, patience_);
    if (!options_.period) {
      drain(*source);
    } else {
      repeat(std::move(source));
    }
    if (!options_.quiet) say(summary());
  }

  // What had been put when an error came; empty: nothing.
  std::string aside() const {
    return putter_.accepted() == 0 ? "" : " (" + counted(putter_.accepted(), "record") + " had been put before)";
  }

 private:
  Patience patience() {
    Patience patience;
    patience.max_attempts = options_.max_attempts;
    patience.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
    patience.notice = [this](const std::string& line) {
      constexpr std::chrono::seconds pause(10);
      if (options_.quiet || Clock::now() < next_notice_) return;
      next_notice_ = Clock::now() + pause;
      say(line);
    };
    return patience;
  }

  std::unique_ptr<Source> open() const {
    if (!options_.words.empty()) return word_source(options_.words, options_.partition_key);
    return file_source(options_.file, options_.format == "json" ? Format::json : Format::lines, options_.partition_key);
  }

  void drain(Source& source) {
    for (;;) {
      if (!source.ready()) putter_.flush();
      auto record = source.next();
      if (!record) break;
      putter_.add(std::move(*record));
      if (options_.period && StopSignals::requested()) break;
      show_progress();
    }
    putter_.flush();
  }

  void repeat(std::unique_ptr<Source> source) {
    const StopSignals signals;
    const auto period = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options_.period));
    auto due = Clock::now();
    for (;;) {
      drain(*source);
      if (period >= progress_interval) next_progress_ = {};  // each round then
      show_progress();
      due = std::max(due + period, Clock::now());  // rounds that took longer are not caught up with
      while (!StopSignals::requested() && Clock::now() < due) StopSignals::wait(due - Clock::now());
      if (StopSignals::requested()) return;
      source = open();
    }
  }

  void show_progress() {
    if (!options_.progress || Clock::now() < next_progress_) return;
    next_progress_ = Clock::now() + progress_interval;
    say(summary());
  }

  std::string summary() const {
    std::string line = counted(putter_.accepted(), "record") + " to stream " + options_.stream;
    if (shards_) line += " (" + counted(static_cast<std::uint64_t>(*shards_), "shard") + ')';
    if (putter_.resent() != 0) line += ", " + grouped(putter_.resent()) + " retried";
    return line;
  }

  const Options& options_;
  aws::Environment environment_;
  aws::CurlHttp http_;
  std::string region_;
  aws::CredentialChain credentials_;
  aws::Kinesis kinesis_;
  Patience patience_;
  Putter putter_;
  std::optional<int> shards_;
  Clock::time_point next_progress_ = Clock::now() + progress_interval;
  Clock::time_point next_notice_{};
};

int usage_error(const std::string& what) {
  say(what + "; see kclhost put --help");
  return cli::exit_usage;
}

int run(const Options& options) {
  std::optional<Program> program;
  try {
    program.emplace(options);
  } catch (const aws::ConfigurationError& error) {
    return usage_error(error.what());
  }
  try {
    program->run();
    return cli::exit_done;
  } catch (const InputError& error) {
    say(error.what() + program->aside());
    return cli::exit_usage;
  } catch (const std::exception& error) {
    say(error.what() + program->aside());
    return cli::exit_stopped;
  }
}

}  // namespace
}  // namespace kclhost::host::put

int main(int argc, char** argv) {
  using namespace kclhost::host::put;
  CLI::App app{"Puts words, lines or JSON records on a Kinesis stream", "kclhost put"};
  Options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : usage_error(error.what());
  }
  const std::string wrong = wrong_with(options);
  return wrong.empty() ? run(options) : usage_error(wrong);
}
