#include "conformance/rules.hpp"

#include <string_view>

namespace kclhost::host::conformance {
namespace {

const char* cure_of(const Death& death) {
  switch (death.kind) {
    case Death::Kind::signal:
      return "have the plugin's code survive this: a debugger, a core file or a sanitizer shows the place";
    case Death::Kind::exit:
      return "a plugin must not end its process: throw, or return a failure";
    case Death::Kind::timeout:
      return "give every wait a limit, and look at should_stop() in what takes long";
    case Death::Kind::misbehaved:
      return "leave alone the descriptors that the plugin did not open itself";
  }
  return "";
}

const char* cure_of_failure(Call call) {
  switch (call) {
    case Call::create:
    case Call::initialize:
      return "the shard waits until it succeeds; have it succeed, or give another configuration with --config";
    case Call::process_records:
      return "a record that can never be processed is to be rejected: what fails is tried again, and holds its shard "
             "up";
    case Call::shard_ended:
      return "the shards that follow wait until it succeeds; fail here only when what is held can't be finished";
    case Call::tick:
      return "a failure of tick has no consequence but a line in the log; keep what failed for the next one";
    case Call::flush:
    case Call::shutdown_requested:
      return "fail here only when what is held can't be finished: it comes again then";
    default:
      return "there is nothing left to fail here: let go of what is held, and succeed";
  }
}

const char* cure_of_complaint(const std::string& text) {
  if (text.ends_with("its instance is destroyed")) return ends_with_its_instance;
  if (text.starts_with("the plugin was refused")) {
    return "an error that the plugin overlooks has done nothing: kclhost/plugin.h says what each call allows";
  }
  return "leave alone the descriptors that the plugin, and what it starts, did not open";
}

// The frames that say most: the innermost.
std::string place_of(const Death& death) {
  constexpr std::size_t most_frames = 3;
  std::size_t end = 0;
  for (std::size_t frame = 0; frame < most_frames && end != std::string::npos; ++frame) {
    end = death.place.find(" < ", frame == 0 ? 0 : end + 1);
  }
  return death.place.empty() ? "" : "; in the plugin: " + death.place.substr(0, end);
}

}  // namespace

Finding death_in(const std::string& call, const Death& death, const std::string& done) {
  constexpr const char* kinds[] = {"died", "exit", "hang", "misbehaved"};
  return {.key = std::string(kinds[static_cast<int>(death.kind)]) + " " + call,
          .done = done,
          .did = call + ": the worker was " + death.cause() + place_of(death),
          .mend = cure_of(death)};
}

Finding failure_of(Call call, const std::string& message, const std::string& done) {
  const std::string name(name_of(call));
  // What a plugin makes of records may depend on what they are.
  const bool excusable = call == Call::process_records || call == Call::tick;
  return {.weight = excusable ? Weight::warning : Weight::fault,
          .key = "failed " + name,
          .done = done,
          .did = name + " failed: " + message,
          .mend = cure_of_failure(call)};
}

Finding printed(const std::string& first, const std::string& done) {
  return {.weight = Weight::warning,
          .key = "printed",
          .done = done,
          .did = "it printed on standard output: " + first,
          .mend = "log through the host, which adds the shard and the level"};
}

Finding complained(const std::string& text, const std::string& done) {
  const bool refused = text.starts_with("the plugin was refused");
  return {.key = (refused ? "refused: " : "lies: ") + text.substr(0, 40),
          .done = done,
          .did = text,
          .mend = cure_of_complaint(text)};
}

void judge(const Course& course, const std::string& done, Report& report, Leniency leniency) {
  bool explained = false;  // whatever else went wrong follows from it
  const auto add = [&](Finding finding) {
    explained |= finding.weight == Weight::fault;
    report.add(std::move(finding));
  };
  for (const CallMade& made : course.calls) {
    if (made.call == Call::process_records && leniency.records) continue;
    if (made.death) {
      add(death_in(std::string(name_of(made.call)), *made.death, done));
    } else if (made.over && !made.outcome.ok() && !leniency.failures) {
      add(failure_of(made.call, made.outcome.message, done));
    }
  }
  for (const Death& death : course.deaths_between_calls) add(death_in("between calls", death, done));
  if (course.loading) {
    add({.key = "not loaded", .done = done, .did = *course.loading, .mend = "it could be loaded a moment ago"});
  }
  for (const std::string& text : course.complaints) add(complained(text, done));
  for (const std::string& text : course.refusals) {
    add({.key = "refused",
         .done = done,
         .did = "it asked for a checkpoint that is none: " + text,
         .mend = "checkpoint positions of records that this instance was given, or everything"});
  }
  if (!course.printed.empty()) add(printed(course.printed.front(), done));
  if (course.stubborn_checkpoints != 0) {
    add({.weight = Weight::warning,
         .key = "stubborn",
         .done = done,
         .did = "it went on to checkpoint, in the same call, when a ShutdownException had said that the lease is lost",
         .mend = "let go of what is held: the shard's new owner gets those records"});
  }
  if (course.end && !explained && !leniency.failures) {
    add({.key = "ended: " + course.end->substr(0, 20),
         .done = done,
         .did = "the shard stopped: " + *course.end,
         .mend = "do what the message says: kclhost run ends with exit code 1 here"});
  }
}

}  // namespace kclhost::host::conformance
