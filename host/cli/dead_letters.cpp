#include <csignal>
#include <memory>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/dead_letters_command.hpp"

namespace kclhost::host::cli {
namespace {

using dead_letters::Failure;
using dead_letters::Options;

Action guarded(int (*command)(const Options&), std::shared_ptr<Options> options) {
  return [command, options]() -> int {
    ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report
    try {
      return command(*options);
    } catch (const Failure& failure) {
      if (!failure.message.empty()) complain(failure.message);
      return failure.exit_code;
    }
  };
}

}  // namespace

void add_dead_letters(CLI::App& app, Action& action) {
  CLI::App* group =
      app.add_subcommand("dead-letters", "The records that on_error put aside: look at them, replay them");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* description, int (*command)(const Options&)) {
    CLI::App* sub = group->add_subcommand(name, description);
    add_configuration(*sub, options->config);
    sub->add_option("--shard", options->shard, "Only this shard's");
    sub->add_option("--sequence", options->sequence,
                    "Only this sequence number's; N/SUB for one record of an aggregate");
    sub->callback([&action, command, options] { action = guarded(command, options); });
    return sub;
  };
  add("list", "Show which there are", dead_letters::list)->add_flag("--json", options->json, "Print JSON");
  add("show", "Print them whole, as JSON; data is base64", dead_letters::show)
      ->add_flag("--data", options->data, "Print the data of the one that is selected, raw");
  add("replay",
      "Send them through the plugin again, one by one, in order, and keep those that fail. The plugin runs in a worker "
      "process here, also with isolation none, and gets one record a call and shutdown_requested after a shard's last. "
      "A letter is removed once the plugin has accepted it and shutdown_requested succeeded. Plugins that checkpoint "
      "for themselves: their checkpoints are answered with OK and not sent anywhere. The shard may be served "
      "meanwhile.",
      dead_letters::replay);
  CLI::App* remove = add("purge", "Remove them for good", dead_letters::purge);
  remove->add_option("--older-than", options->older_than, "Only those last tried so long ago: 7d, 12h");
  remove->add_flag("--yes", options->yes, "Remove all of them");
}

}  // namespace kclhost::host::cli
