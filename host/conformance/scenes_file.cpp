#include <chrono>

#include "conformance/caller.hpp"
#include "conformance/misfits.hpp"
#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"
#include "plugin/warnings.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

// A key that is misspelt has no effect, and nobody is told.
void judge_unknown_key(Play& play) {
  const std::string config = with_unknown_key(play.subject.config_json);
  if (config.empty()) return;
  EventLoop loop;
  Caller caller(loop, play.subject, Caller::In::own_process);
  if (!caller.load(config)) return;  // the schema refuses it
  const auto outcome = caller.call(Call::create);
  if (!outcome || !outcome->ok()) return;
  caller.call(Call::destroy);
  play.report.add(
      {.weight = Weight::warning,
       .key = "unknown key",
       .done = "plugin.config had a key that the schema does not name",
       .did = "it was taken, and overlooked",
       .mend = "set additionalProperties to false in the schema, so that kclhost check finds misspelt keys"});
}

}  // namespace

void file_and_schema(Play& play) {
  for (const std::string& text : plugin::warnings_of(play.subject.file.elf)) {
    const std::size_t cure = text.find("; ");
    play.report.add({.weight = Weight::warning,
                     .key = text,
                     .done = "the file was read",
                     .did = "it " + text.substr(0, cure),
                     .mend = cure == std::string::npos ? "build it with kclhost_add_plugin" : text.substr(cure + 2)});
  }
  if (play.subject.about.config_schema.empty()) return;
  for (const std::string& text : refused_defaults(play.subject.about.config_schema)) {
    play.report.add({.key = "default " + text,
                     .done = "the config schema was held against its own defaults",
                     .did = "it refuses the default of " + text,
                     .mend = "name a default that the schema allows, or allow it"});
  }
  judge_unknown_key(play);
}

void time_to_stop(Play& play) {
  constexpr auto soon = 2s;
  EventLoop loop;
  Caller caller(loop, play.subject, Caller::In::own_process);
  if (!caller.load(play.subject.config_json)) return;
  for (const Call call : {Call::create, Call::initialize}) {
    const auto outcome = caller.call(call);
    if (!outcome || !outcome->ok()) return;
  }
  if (!caller.begin(Call::process_records, play.records.huge())) return;
  caller.request_stop();
  const auto asked = Clock::now();
  caller.finish();
  if (Clock::now() - asked < soon) return;
  play.report.add({.weight = Weight::warning,
                   .key = "should_stop",
                   .done = "it was asked to stop within a batch of 10,000 records",
                   .did = "it went on for more than 2 seconds",
                   .mend = "look at should_stop() now and then in what takes long, and fail when it is time"});
}

}  // namespace kclhost::host::conformance
