#include "cli/replay_arguments.hpp"

#include <map>

#include "cli/configuration.hpp"

namespace kclhost::host::cli {
namespace {

void declare_input(CommandLine& command, ReplayArguments& arguments) {
  command.add({.names = "INPUT",
               .into = &arguments.input.files,
               .help = "Files of records, of dead letters, or of a captured conversation; -: standard input",
               .required = true,
               .value = "FILE"});
  command.add({.names = "--config",
               .into = &arguments.config,
               .help = "Play to 'kclhost run' with this configuration (default: KCLHOST_CONFIG's, else "
                       "/etc/kclhost/kclhost.yaml)",
               .value = "FILE"});
  add_stream(command, arguments.stream);
  command.add({.names = "--exec",
               .into = &arguments.exec,
               .help = "Play to this command instead, quoted as for a shell",
               .value = "COMMAND"});
  command.add({.names = "--compare",
               .into = &arguments.compare,
               .help = "The first two files are plugins: give both the same records, and show what they do otherwise"});
  command.add({.names = "--format",
               .into = &arguments.format,
               .help = "auto (default), json, lines, dead-letters or protocol",
               .value = "FORMAT",
               .choices = {"auto", "json", "lines", "dead-letters", "protocol"}});
  command.add({.names = "--batch",
               .into = &arguments.input.batch_size,
               .help = "Records in a processRecords (default 1000)",
               .value = "N",
               .least = Least::above_zero});
  command.add({.names = "--end",
               .into = &arguments.end,
               .help =
                   "shutdown_requested (default; leaseLost follows), shard_ended or lease_lost; default of a captured "
                   "conversation: as captured",
               .value = "END",
               .choices = {"shutdown_requested", "shard_ended", "lease_lost"}});
  command.add(
      {.names = "--shard", .into = &arguments.input.shard_id, .help = "Shard id (default shardId-000000000000)"});
}

void declare_checkpoints(CommandLine& command, ReplayArguments& arguments) {
  command.add({.names = "--checkpoint-file",
               .into = &arguments.checkpoint_file,
               .help = "Keeps the last checkpoint; a replay begins after the one found there",
               .value = "FILE"});
  command.add({.names = "--fail-checkpoints",
               .into = &arguments.failures,
               .help = "Errors for the next checkpoints: ThrottlingException*2,ShutdownException"});
}

void declare_pace(CommandLine& command, ReplayArguments& arguments) {
  command.add({.names = "--timeout",
               .into = &arguments.timeout,
               .help = "Seconds a child may be silent while it owes an answer (default: no limit)",
               .value = "SECONDS",
               .least = Least::above_zero});
  command.add({.names = "--repeat",
               .into = &arguments.repeat,
               .help = "Send all batches N times; for benchmarks",
               .value = "N",
               .least = Least::above_zero});
  command.add({.names = "--interval",
               .into = &arguments.interval,
               .help = "Seconds from the beginning of a batch to that of the next",
               .value = "SECONDS",
               .least = Least::zero});
  command.add({.names = "--linger",
               .into = &arguments.linger,
               .help = "Seconds to wait between the last batch and the end",
               .value = "SECONDS",
               .least = Least::zero});
  command.add({.names = "--tick",
               .into = &arguments.tick,
               .help = "Meanwhile send an empty batch every so many seconds",
               .value = "SECONDS",
               .least = Least::above_zero});
  command.add({.names = "--pipe-size",
               .into = &arguments.pipe_size,
               .help = "Bytes in the pipe to the child (default 1 MiB; 0: the system's)",
               .value = "BYTES",
               .least = Least::zero});
}

void declare_output(CommandLine& command, ReplayArguments& arguments) {
  command.add({.names = "--report",
               .into = &arguments.report,
               .help = "Write all figures to this file, as JSON",
               .value = "FILE"});
  command.add(
      {.names = "--json", .into = &arguments.json, .help = "Print all figures, as JSON, instead of the summary"});
  command.add({.names = "--progress", .into = &arguments.progress, .help = "A line on standard error every second"});
  command.add({.names = "--quiet", .into = &arguments.quiet, .help = "No summary"});
  command.add(
      {.names = "--verbose", .into = &arguments.verbose, .help = "Show the child's lines that are no messages"});
}

}  // namespace

void declare(CommandLine& command, ReplayArguments& arguments) {
  declare_input(command, arguments);
  declare_checkpoints(command, arguments);
  declare_pace(command, arguments);
  declare_output(command, arguments);
}

replay::InputOptions input_of(const ReplayArguments& arguments) {
  using replay::End;
  using replay::Format;
  const std::map<std::string, Format> formats = {{"auto", Format::automatic},
                                                 {"json", Format::json},
                                                 {"lines", Format::lines},
                                                 {"dead-letters", Format::dead_letters},
                                                 {"protocol", Format::protocol}};
  const std::map<std::string, End> ends = {{"shard_ended", End::shard_ended},
                                           {"shutdown_requested", End::shutdown_requested},
                                           {"lease_lost", End::lease_lost}};
  replay::InputOptions input = arguments.input;
  input.format = formats.at(arguments.format);
  if (!arguments.end.empty()) input.end = ends.at(arguments.end);
  return input;
}

}  // namespace kclhost::host::cli
