// kclhost-put: a program of its own, so that what runs once per shard loads neither libcurl nor what comes with it.
#include <exception>
#include <optional>
#include <string>

#include "aws/errors.hpp"
#include "program/command_line.hpp"
#include "put/options.hpp"
#include "put/program.hpp"
#include "put/stop.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::put {
namespace {

int usage_error(const std::string& what) {
  say(what + "; see kclhost put --help");
  return exit_usage;
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
