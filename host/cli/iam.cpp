#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/iam_policy.hpp"
#include "config/config.hpp"
#include "store/state_key.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

struct IamOptions {
  Source config{};
  std::string account;
};

bool is_account(const std::string& text) {
  constexpr std::size_t digits = 12;
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int print_policy(const Source& source, const std::string& account) {
  if (!account.empty() && !is_account(account)) {
    complain("--account: " + account + " is no account; it has 12 digits (aws sts get-caller-identity shows yours)");
    return exit_usage;
  }
  const auto loaded = load(source);
  if (!loaded) return exit_usage;
  const auto missing = [&](const char* what) {
    complain(source.file.string() + ": daemon.properties." + what +
             " is not set; a policy is for one application on one stream");
    return exit_usage;
  };
  if (store::daemon_property(loaded->config, "applicationName").empty()) return missing("applicationName");
  if (store::stream_name(loaded->config).empty()) return missing("streamName");
  std::fputs(policy_json(least_policy(loaded->config.daemon.properties, account)).c_str(), stdout);
  return exit_done;
}

}  // namespace

void add_iam(CommandLine& program) {
  CommandLine command = program.add_command("iam", "Print the least IAM policy that a configuration's daemon needs");
  const auto options = std::make_shared<IamOptions>();
  add_configuration(command, options->config);
  command.add({.names = "--account",
               .into = &options->account,
               .help = "The account of stream and tables (default: streamArn's, else any)",
               .value = "DIGITS"});
  command.runs([options] {
    const Source source{configuration(options->config.file), options->config.stream};
    return source.file.empty() ? no_configuration() : print_policy(source, options->account);
  });
}

}  // namespace kclhost::host::cli
