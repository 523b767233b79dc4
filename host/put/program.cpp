#include "put/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "aws/endpoint.hpp"
#include "aws/errors.hpp"
#include "aws/stream_arn.hpp"
#include "put/stop.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::put {
namespace {

constexpr std::chrono::seconds progress_interval(1);

// A stop was requested while the stream was waited for.
struct Stopped {};

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string counted(std::uint64_t number, const char* noun) {
  return grouped(number) + ' ' + noun + (number == 1 ? "" : "s");
}

// The region of a stream given by its ARN is the ARN's.
std::string region_for(const Options& options, const aws::Environment& environment) {
  if (!aws::is_arn(options.stream)) return aws::resolve_region(options.region, environment);
  const std::string region = aws::region_of_arn(options.stream);
  if (options.region && *options.region != region) {
    throw aws::ConfigurationError("--region " + *options.region + ": the stream's ARN says " + region +
                                  "; leave --region out");
  }
  return aws::resolve_region(region, environment);
}

}  // namespace

void say(const std::string& line) {
  std::fprintf(stderr, "kclhost put: %s\n", one_line(line).c_str());
}

Program::Program(const Options& options)
    : options_(options),
      environment_(aws::process_environment()),
      http_(aws::resolve_trust(environment_)),
      region_(region_for(options, environment_)),
      credentials_(environment_, http_, region_),
      kinesis_(http_, credentials_, region_,
               aws::service_endpoint("kinesis", "KINESIS", region_, environment_, options.endpoint)),
      patience_(patience()),
      putter_(kinesis_, options.stream, patience_),
      next_progress_(Clock::now() + progress_interval) {}

void Program::run() {
  auto source = open();  // before anything is created
  putter_.name_input(source->name());
  if (options_.file == "-" && !options_.quiet && ::isatty(STDIN_FILENO)) {
    say("reading a record a line from this terminal; Ctrl-D ends them");
  }
  try {
    shards_ = await_stream();
    if (!options_.period) {
      drain(*source);
    } else {
      repeat(std::move(source));
    }
  } catch (const Stopped&) {
    cut_short_ = std::string("stopped by ") + StopSignals::name() + " while the stream was waited for";
  }
  if (!options_.quiet) say(summary() + (cut_short_.empty() ? "" : "; " + cut_short_));
}

std::string Program::aside() const {
  return putter_.accepted() == 0 ? "" : " (" + counted(putter_.accepted(), "record") + " had been put before)";
}

Patience Program::patience() {
  Patience patience;
  patience.max_attempts = options_.max_attempts;
  // Also after a stop was requested: what was read is still to be put.
  patience.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  patience.notice = [this](const std::string& line) {
    constexpr std::chrono::seconds pause(10);
    if (options_.quiet || Clock::now() < next_notice_) return;
    next_notice_ = Clock::now() + pause;
    say(line);
  };
  return patience;
}

// Nothing was read yet, so a stop ends it at once.
std::optional<int> Program::await_stream() {
  Patience patience = patience_;
  patience.sleep = [](std::chrono::milliseconds time) {
    StopSignals::wait(time);
    if (StopSignals::requested()) throw Stopped();
  };
  return ensure_stream(kinesis_, options_.stream, options_.create_shards, patience);
}

std::unique_ptr<Source> Program::open() const {
  if (!options_.words.empty()) return word_source(options_.words, options_.partition_key);
  return file_source(options_.file, options_.format == "json" ? Format::json : Format::lines, options_.partition_key);
}

void Program::drain(Source& source) {
  for (;;) {
    if (!source.ready()) putter_.flush();
    auto record = source.next();
    if (!record) break;
    putter_.add(std::move(*record));
    show_progress();
  }
  putter_.flush();
  cut_short_ = source.cut_short();
}

void Program::repeat(std::unique_ptr<Source> source) {
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

void Program::show_progress() {
  if (!options_.progress || Clock::now() < next_progress_) return;
  next_progress_ = Clock::now() + progress_interval;
  say(summary());
}

std::string Program::summary() const {
  std::string line = counted(putter_.accepted(), "record") + " to stream " + options_.stream;
  if (shards_) line += " (" + counted(static_cast<std::uint64_t>(*shards_), "shard") + ')';
  if (putter_.resent() != 0) line += ", " + grouped(putter_.resent()) + " retried";
  return line;
}

}  // namespace kclhost::host::put
