#include <exception>
#include <string>

#include "cli/cli.hpp"
#include "kclhost_version.hpp"

int main(int argc, char** argv) {
  using namespace kclhost::cli;
  CLI::App app{"kclhost: runs compiled Kinesis record processors under the KCL's MultiLangDaemon", "kclhost"};
  app.set_version_flag("--version", std::string("kclhost ") + KCLHOST_VERSION);
  app.require_subcommand(1);
  Action action;
  add_run(app, action);
  add_check(app, action);
  add_inspect(app, action);
  add_replay(app, action);
  add_launch(app, action);
  add_fetch_daemon(app, action);
  add_put(app, action);
  add_schema(app, action);
  add_dead_letters(app, action);
  add_worker(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    complain(std::string(error.what()) + "; see kclhost --help");
    return exit_usage;
  }
  try {
    return action();
  } catch (const std::exception& error) {
    complain(error.what());
    return exit_stopped;
  }
}
