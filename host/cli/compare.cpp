#include "cli/compare.hpp"

#include <cstdio>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "replay/input.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

// What makes no sense with it; nullptr: nothing.
const char* senseless(const ReplayArguments& arguments) {
  if (!arguments.exec.empty()) return "--exec";
  if (!arguments.checkpoint_file.empty()) return "--checkpoint-file";
  if (!arguments.failures.empty()) return "--fail-checkpoints";
  if (!arguments.report.empty()) return "--report";
  if (!arguments.end.empty()) return "--end";
  if (arguments.repeat > 1) return "--repeat";
  if (arguments.interval > 0) return "--interval";
  if (arguments.linger > 0) return "--linger";
  if (arguments.tick > 0) return "--tick";
  if (arguments.timeout > 0) return "--timeout";
  if (arguments.pipe_size) return "--pipe-size";
  if (arguments.progress) return "--progress";
  if (arguments.quiet) return "--quiet";
  if (arguments.verbose) return "--verbose";
  return nullptr;
}

config::Config configuration_of(const ReplayArguments& arguments) {
  const std::filesystem::path file = configuration(arguments.config);
  if (file.empty() && !arguments.stream.empty())
    throw comparison::Failure{exit_usage,
                              "--stream names one of a configuration's streams; add --config FILE, or leave it out"};
  if (file.empty()) return {};
  auto loaded = load({file, arguments.stream});
  if (!loaded) throw comparison::Failure{exit_usage, ""};
  return std::move(loaded->config);
}

int compare_or_throw(const ReplayArguments& arguments) {
  if (const char* const option = senseless(arguments))
    throw comparison::Failure{exit_usage, std::string(option) + " makes no sense with --compare; leave it out"};
  replay::InputOptions input = input_of(arguments);
  if (input.files.size() < 3) {
    throw comparison::Failure{exit_usage,
                              "--compare needs two plugins and an input: kclhost replay --compare OLD.so NEW.so INPUT"};
  }
  const std::filesystem::path one = input.files[0], other = input.files[1];
  input.files.erase(input.files.begin(), input.files.begin() + 2);
  const config::Config config = configuration_of(arguments);
  const auto script = replay::read_inputs(input);
  if (!script) throw comparison::Failure{exit_usage, script.error()};
  observe::Log log(config.log);
  comparison::Run first;
  {
    comparison::Trial trial(config, one, log);
    first = trial.run(*script, input.shard_id);
  }
  comparison::Trial trial(config, other, log);
  const comparison::Run second = trial.run(*script, input.shard_id);
  const std::string text =
      arguments.json ? comparison::json(first, second, trial.names()) : comparison::table(first, second, trial.names());
  std::fputs(text.c_str(), stdout);
  return comparison::differences(first, second).empty() ? exit_done : exit_stopped;
}

}  // namespace

int compare(const ReplayArguments& arguments) {
  try {
    return compare_or_throw(arguments);
  } catch (const comparison::Failure& failure) {
    if (!failure.message.empty()) complain(failure.message);
    return failure.exit_code;
  }
}

}  // namespace kclhost::host::cli
