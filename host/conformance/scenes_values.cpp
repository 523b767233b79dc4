#include <algorithm>
#include <map>

#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"
#include "conformance/stage.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

// What became of the records that were set aside, each by its name.
void judge_letters(const Course& course, const Records& given, Report& report) {
  for (const Letter& letter : course.letters) {
    const auto record = std::find_if(given.begin(), given.end(), [&](const Record& one) {
      return one.sequence_number == letter.sequence_number && one.sub_sequence_number == letter.sub_sequence_number;
    });
    if (record == given.end() || letter.code == "REJECTED") continue;
    const std::string what = record->what.empty() ? "a record like any other" : record->what;
    const std::string done = "it was given " + what;
    if (letter.code == "FAILED") {
      report.add(failure_of(Call::process_records, letter.text, done));
    } else {
      report.add({.key = "record: " + what,
                  .done = done,
                  .did = "process_records: the worker was " + letter.text,
                  .mend = "take whatever Kinesis may bring: reject what can't be processed"});
    }
  }
}

void play_records(Play& play, const Records& records, const char* what) {
  if (records.empty()) return;
  Plan plan(play.subject);
  plan.config.on_error.retry.max_attempts = 1;
  Stage stage(play.subject, plan);
  if (stage.initialize() && stage.deliver(records)) {
    stage.release();  // which flushes what it holds
    stage.shutdown_requested() && stage.lease_lost();
  }
  stage.close();
  judge_letters(stage.course(), records, play.report);
  // A record that was found out has told all there is to tell of what the calls came to.
  const bool found = std::any_of(stage.course().letters.begin(), stage.course().letters.end(),
                                 [](const Letter& letter) { return letter.code != "REJECTED"; });
  judge(stage.course(), what, play.report, {.records = found});
}

}  // namespace

void odd_records(Play& play) {
  Records odd = play.records.odd();
  play_records(play, odd, "it was given odd records");
  play_records(play, play.records.anew(play.subject.own_records), "it was given the records of --records");
}

void huge_batch(Play& play) {
  Plan plan(play.subject);
  plan.config.on_error.retry.max_attempts = 1;
  plan.config.on_error.bisect = false;
  Stage stage(play.subject, plan);
  stage.initialize() && stage.deliver(play.records.huge()) && stage.deliver(play.records.usual(1)) &&
      stage.shutdown_requested() && stage.lease_lost();
  stage.close();
  judge(stage.course(), "it was given a batch of 10,000 records and 10 MiB", play.report);
}

}  // namespace kclhost::host::conformance
