#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "replay/checkpoint_file.hpp"
#include "replay/checkpointer.hpp"
#include "replay/input.hpp"
#include "replay/player.hpp"
#include "replay/words.hpp"
#include "support/fd.hpp"

namespace kclhost::host::cli {
namespace {

struct Arguments {
  replay::InputOptions input;
  std::string config, exec;
  std::string checkpoint_file, failures, report;
  std::size_t repeat = 1;
  int pipe_size = 1 << 20;
  double interval = 0;
  double linger = 0;
  double tick = 0;     // 0: none
  double timeout = 0;  // 0: none
  bool quiet = false, verbose = false, progress = false;
};

int usage(const std::string& message) {
  complain(message);
  return exit_usage;
}

// Signals that end a replay arrive here instead; a child that went away is seen by write's error.
Fd catch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void print_progress(const replay::Figures& figures, std::size_t total) {
  std::fprintf(stderr, "replay: %llu of %zu batches, %llu records, %llu checkpoints, %.1f s\n",
               static_cast<unsigned long long>(figures.batches), total,
               static_cast<unsigned long long>(figures.records), static_cast<unsigned long long>(figures.checkpoints),
               std::chrono::duration<double>(figures.delivery).count());
}

// What to start, and how to treat it; an exit code when the arguments don't make sense.
int prepare(const Arguments& arguments, replay::PlayOptions& options) {
  const std::string config = arguments.exec.empty() ? configuration(arguments.config).string() : arguments.config;
  if (config.empty() == arguments.exec.empty()) {
    return usage(
        "replay needs --config FILE, to play to kclhost run, or --exec COMMAND, to play to another child; give one");
  }
  if (arguments.exec.empty()) {
    options.command = {"/proc/self/exe", "run", "--config", config};
  } else {
    auto words = replay::split_words(arguments.exec);
    if (!words) return usage("--exec: " + words.error());
    options.command = std::move(*words);
  }
  if (!arguments.failures.empty()) {
    auto failures = replay::parse_failures(arguments.failures);
    if (!failures) return usage("--fail-checkpoints: " + failures.error());
    options.checkpoint_failures = std::move(*failures);
  }
  if (arguments.repeat > 1 && !arguments.checkpoint_file.empty()) {
    return usage("--repeat sends the same records again, which no checkpoint file can follow; leave one out");
  }
  options.checkpoint_file = arguments.checkpoint_file;
  options.pipe_size = arguments.pipe_size;
  options.repeat = arguments.repeat;
  options.interval = replay::PlayOptions::Seconds(arguments.interval);
  options.linger = replay::PlayOptions::Seconds(arguments.linger);
  if (arguments.tick > 0) options.tick = replay::PlayOptions::Seconds(arguments.tick);
  if (arguments.tick > 0 && arguments.linger == 0) {
    return usage("--tick sends empty batches while the replay lingers; say for how long with --linger SECONDS");
  }
  if (arguments.timeout > 0) options.timeout = replay::PlayOptions::Seconds(arguments.timeout);
  if (arguments.verbose) {
    options.on_skipped = [](const std::string& line) {
      std::fprintf(stderr, "replay: skipped, no message: %s\n", line.c_str());
    };
  }
  if (arguments.progress) options.on_progress = print_progress;
  return exit_done;
}

int replay_inputs(Arguments arguments) {
  replay::PlayOptions options;
  if (const int code = prepare(arguments, options); code != exit_done) return code;

  if (!arguments.checkpoint_file.empty()) {
    auto checkpoint = replay::load_checkpoint(arguments.checkpoint_file);
    if (!checkpoint) return usage(checkpoint.error());
    arguments.input.resume = std::move(*checkpoint);
    if (arguments.input.resume && arguments.input.resume->sequence_number == replay::shard_end) {
      if (!arguments.quiet) std::printf("nothing to do: %s is at SHARD_END\n", arguments.checkpoint_file.c_str());
      return exit_done;
    }
  }
  arguments.input.on_wait = [](const std::string& name) {
    std::fprintf(stderr, "replay: waiting for the end of %s: all input is read before the child is started\n",
                 name.c_str());
  };
  const auto script = replay::read_inputs(arguments.input);
  if (!script) return usage(script.error());

  const Fd stop = catch_signals();
  options.stop_fd = stop.get();
  const replay::Figures figures = replay::play(*script, options);
  if (arguments.progress) print_progress(figures, script->batches.size() * options.repeat);
  if (!arguments.quiet && figures.exit) std::fputs(replay::summary(figures).c_str(), stdout);
  if (!figures.error.empty()) complain(figures.error);
  if (!arguments.report.empty()) {
    std::ofstream file(arguments.report);
    file << replay::report(figures) << std::flush;
    if (!file) {
      complain("the report cannot be written to " + arguments.report + "; check the folder and the disk");
      if (figures.exit_code == exit_done) return exit_stopped;
    }
  }
  return figures.exit_code;
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  using replay::End;
  using replay::Format;
  const std::map<std::string, Format> formats = {
      {"auto", Format::automatic}, {"json", Format::json}, {"lines", Format::lines}, {"protocol", Format::protocol}};
  const std::map<std::string, End> ends = {{"shard_ended", End::shard_ended},
                                           {"shutdown_requested", End::shutdown_requested},
                                           {"lease_lost", End::lease_lost}};
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("replay", "Play the daemon to a processor: no Java, no AWS");
  command
      ->add_option("INPUT", arguments->input.files, "Files of records or of a captured conversation; -: standard input")
      ->required();
  command->add_option(
      "--config", arguments->config,
      "Play to 'kclhost run' with this configuration (default: KCLHOST_CONFIG's, else /etc/kclhost/kclhost.yaml)");
  command->add_option("--exec", arguments->exec, "Play to this command instead, quoted as for a shell");
  command->add_option("--format", arguments->input.format, "auto (default), json, lines or protocol")
      ->transform(CLI::CheckedTransformer(formats))
      ->option_text("FORMAT");
  command->add_option("--batch", arguments->input.batch_size, "Records in a processRecords (default 1000)")
      ->check(CLI::Range(1, 1'000'000'000))
      ->option_text("N");
  command
      ->add_option_function<End>(
          "--end", [arguments](const End& end) { arguments->input.end = end; },
          "shutdown_requested (default; leaseLost follows), shard_ended or lease_lost; default of a captured "
          "conversation: as captured")
      ->transform(CLI::CheckedTransformer(ends))
      ->option_text("END");
  command->add_option("--shard", arguments->input.shard_id, "Shard id (default shardId-000000000000)");
  command->add_option("--checkpoint-file", arguments->checkpoint_file,
                      "Keeps the last checkpoint; a replay begins after the one found there");
  command->add_option("--fail-checkpoints", arguments->failures,
                      "Errors for the next checkpoints: ThrottlingException*2,ShutdownException");
  command->add_option("--timeout", arguments->timeout, "Seconds a child may be silent while it owes an answer")
      ->check(CLI::PositiveNumber);
  command->add_option("--repeat", arguments->repeat, "Send all batches N times; for benchmarks")
      ->check(CLI::Range(1, 1'000'000'000))
      ->option_text("N");
  command->add_option("--interval", arguments->interval, "Seconds from the beginning of a batch to that of the next")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--linger", arguments->linger, "Seconds to wait between the last batch and the end")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--tick", arguments->tick, "Meanwhile send an empty batch every so many seconds")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--pipe-size", arguments->pipe_size,
                   "Bytes in the pipe to the child (default 1 MiB; 0: the system's)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--report", arguments->report, "Write all figures to this file, as JSON");
  command->add_flag("--progress", arguments->progress, "A line on standard error every second");
  command->add_flag("--quiet", arguments->quiet, "No summary");
  command->add_flag("--verbose", arguments->verbose, "Show the child's lines that are no messages");
  command->callback([&action, arguments] { action = [arguments] { return replay_inputs(*arguments); }; });
}

}  // namespace kclhost::host::cli
