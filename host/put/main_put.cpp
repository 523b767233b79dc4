// kclhost-put: a program of its own, so that what runs once per shard loads neither libcurl nor what comes with it.
#include <CLI/CLI.hpp>
#include <exception>
#include <optional>
#include <string>

#include "aws/errors.hpp"
#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "cli/usage.hpp"
#include "put/options.hpp"
#include "put/program.hpp"
#include "put/stop.hpp"

namespace kclhost::host::put {
namespace {

int usage_error(const std::string& what) {
  say(what + "; see kclhost put --help");
  return cli::exit_usage;
}

int print_help(const CLI::App& app, const CLI::ParseError& error) {
  const int code = app.exit(error);
  const auto failed = cli::finish_output();
  if (!failed) return code;
  say(failed->message);
  return failed->exit_code;
}

int run(const Options& options) {
  const StopSignals signals;
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
  using namespace kclhost::host;
  using namespace kclhost::host::put;
  CLI::App app{"Puts words, lines or JSON records on a Kinesis stream", "kclhost put"};
  Options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return print_help(app, error);
    const std::string unknown = cli::unknown_argument(app, {argv + 1, static_cast<std::size_t>(argc - 1)});
    return usage_error(unknown.empty() ? error.what() : unknown);
  }
  const std::string wrong = wrong_with(options);
  return wrong.empty() ? run(options) : usage_error(wrong);
}
