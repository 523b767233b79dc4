// kclhost-put: a program of its own, so that what runs once per shard loads neither libcurl nor what comes with it.
#include <unistd.h>

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
#include "cli/command_line.hpp"
#include "put/putter.hpp"
#include "put/source.hpp"
#include "put/stop.hpp"
#include "support/exit_code.hpp"

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

void declare(cli::CommandLine& line, Options& options) {
  using cli::Least;
  line.add(
      {.names = "--stream", .into = &options.stream, .help = "The stream's name", .required = true, .value = "NAME"});
  line.add(
      {.names = "-w,--word", .into = &options.words, .help = "Put these words, each as one record", .value = "WORD"});
  line.add({.names = "FILE",
            .into = &options.file,
            .help = "Put each line of this file as one record; -: standard input",
            .value = "",
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
            .help = "Default: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the region's",
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

// What the declarations don't cover; empty: all is well.
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
  return exit_usage;
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
    return exit_done;
  } catch (const InputError& error) {
    say(error.what() + program->aside());
    return exit_usage;
  } catch (const std::exception& error) {
    say(error.what() + program->aside());
    return exit_stopped;
  }
}

}  // namespace
}  // namespace kclhost::host::put

int main(int argc, char** argv) {
  using namespace kclhost::host::put;
  kclhost::host::cli::ProgramCommandLine line("kclhost put", "Puts words, lines or JSON records on a Kinesis stream");
  Options options;
  declare(line, options);
  line.runs([&options] {
    const std::string wrong = wrong_with(options);
    return wrong.empty() ? run(options) : usage_error(wrong);
  });
  return line.run(argc, argv);
}
