#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "cli/compare.hpp"
#include "cli/configuration.hpp"
#include "cli/replay_arguments.hpp"
#include "observe/replay_channel.hpp"
#include "replay/checkpoint_file.hpp"
#include "replay/checkpointer.hpp"
#include "replay/input.hpp"
#include "replay/metrics_file.hpp"
#include "replay/output_file.hpp"
#include "replay/player.hpp"
#include "replay/words.hpp"
#include "support/exit_code.hpp"
#include "support/fd.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

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
int prepare(const ReplayArguments& arguments, replay::PlayOptions& options) {
  const std::string config = arguments.exec.empty() ? configuration(arguments.config).string() : arguments.config;
  if (config.empty() == arguments.exec.empty()) {
    return usage(
        "replay needs --config FILE, to play to kclhost run, or --exec COMMAND, to play to another child; give one");
  }
  if (arguments.exec.empty()) {
    options.command = {"/proc/self/exe", "run", "--config", config};
    if (!arguments.stream.empty()) options.command.insert(options.command.end(), {"--stream", arguments.stream});
  } else {
    if (!arguments.stream.empty()) {
      return usage("--stream is for kclhost run, and --exec plays to another child; leave one out");
    }
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
  if (arguments.json && arguments.quiet) return usage("--json prints the figures and --quiet nothing; leave one out");
  if (!arguments.report.empty()) {
    if (const auto why = replay::why_not_written(arguments.report, "report")) return usage(why->message);
  }
  options.checkpoint_file = arguments.checkpoint_file;
  if (arguments.pipe_size) options.pipe_size = *arguments.pipe_size;
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
      std::fprintf(stderr, "replay: skipped, no message: %s\n", one_line(line).c_str());
    };
  }
  if (arguments.progress) options.on_progress = print_progress;
  return exit_done;
}

// Prints and writes what came of it; returns the exit code.
int conclude(const ReplayArguments& arguments, const replay::Figures& figures) {
  if (arguments.json) {
    std::fputs(replay::report(figures).c_str(), stdout);
  } else if (!arguments.quiet && replay::played(figures)) {
    std::fputs(replay::summary(figures).c_str(), stdout);
  }
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

int replay_inputs(const ReplayArguments& arguments) {
  replay::InputOptions input = input_of(arguments);
  replay::PlayOptions options;
  if (arguments.compare) return compare(arguments);
  if (const int code = prepare(arguments, options); code != exit_done) return code;

  ::unsetenv(observe::replay_goes_on_variable);
  if (!arguments.checkpoint_file.empty()) {
    auto checkpoint = replay::load_checkpoint(arguments.checkpoint_file);
    if (!checkpoint) return usage(checkpoint.error());
    input.resume = std::move(*checkpoint);
    if (input.resume && input.resume->sequence_number == replay::shard_end) {
      if (!arguments.quiet && !arguments.json)
        std::printf("nothing to do: %s is at SHARD_END\n", arguments.checkpoint_file.c_str());
      replay::Figures figures;
      figures.last_checkpoint = std::move(input.resume);
      return conclude(arguments, figures);
    }
    if (const auto why = replay::why_not_replaced(arguments.checkpoint_file, "checkpoint")) return usage(why->message);
    const std::string file = std::filesystem::absolute(arguments.checkpoint_file).lexically_normal();
    ::setenv(observe::replay_goes_on_variable, file.c_str(), 1);
  }
  input.on_wait = [](const std::string& name) {
    std::fprintf(stderr, "replay: waiting for the end of %s: all input is read before the child is started\n",
                 name.c_str());
  };
  const auto script = replay::read_inputs(input);
  if (!script) return usage(script.error());

  const Fd stop = catch_signals();
  options.stop_fd = stop.get();
  options.on_stop = complain;
  const replay::MetricsFile metrics;
  replay::Figures figures = replay::play(*script, options);
  metrics.read_into(figures);
  if (arguments.progress) print_progress(figures, script->batches.size() * options.repeat);
  return conclude(arguments, figures);
}

}  // namespace

void add_replay(CommandLine& program) {
  const auto arguments = std::make_shared<ReplayArguments>();
  CommandLine command = program.add_command("replay", "Play the daemon to a processor: no Java, no AWS");
  declare(command, *arguments);
  command.runs([arguments] { return replay_inputs(*arguments); });
}

}  // namespace kclhost::host::cli
