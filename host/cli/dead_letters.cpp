#include <csignal>
#include <memory>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/dead_letters_command.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

using dead_letters::Failure;
using dead_letters::Options;

Command guarded(int (*command)(const Options&), std::shared_ptr<Options> options) {
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

void add_dead_letters(CommandLine& program) {
  CommandLine group =
      program.add_command("dead-letters", "The records that on_error put aside: look at them, replay them");
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* description, int (*command)(const Options&)) {
    CommandLine sub = group.add_command(name, description);
    add_configuration(sub, options->config);
    sub.add({.names = "--shard", .into = &options->shard, .help = "Only this shard's"});
    sub.add({.names = "--sequence",
             .into = &options->sequence,
             .help = "Only this sequence number's; N/SUB for one record of an aggregate"});
    sub.add({.names = "--of-replays",
             .into = &options->of_replays,
             .help = "Those that kclhost replay set aside, instead of the application's"});
    sub.runs(guarded(command, options));
    return sub;
  };
  add("list", "Show which there are", dead_letters::list)
      .add({.names = "--json", .into = &options->json, .help = "Print JSON"});
  CommandLine show = add("show", "Print them whole, as JSON; data is base64", dead_letters::show);
  show.add({.names = "--data", .into = &options->data, .help = "Print the data of the one that is selected, raw"});
  show.add({.names = "--lines",
            .into = &options->lines,
            .help = "Print a line for each, as it stands in the file; kclhost replay reads them"});
  add("replay",
      "Send them through the plugin again, one by one, in order, and keep those that fail. The plugin runs in a worker "
      "process here, also with isolation none, and gets one record a call and shutdown_requested after a shard's last. "
      "A letter is removed once the plugin has accepted it and shutdown_requested succeeded. Plugins that checkpoint "
      "for themselves: their checkpoints are answered with OK and not sent anywhere. The shard may be served "
      "meanwhile. SIGTERM and Ctrl-C end it after the letter in hand, and what has passed stays passed.",
      dead_letters::replay)
      .add({.names = "--ignore-key-order",
            .into = &options->ignore_key_order,
            .help = "Also try letters whose partition key has a letter before them that failed; they wait otherwise"});
  CommandLine remove = add("purge", "Remove them for good", dead_letters::purge);
  remove.add(
      {.names = "--older-than", .into = &options->older_than, .help = "Only those last tried so long ago: 7d, 12h"});
  remove.add({.names = "--yes", .into = &options->yes, .help = "Remove all of them"});
  remove.add(
      {.names = "--damaged", .into = &options->damaged, .help = "Remove lines that are no letter, and nothing else"});
}

}  // namespace kclhost::host::cli
