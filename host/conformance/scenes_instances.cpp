#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "conformance/caller.hpp"
#include "conformance/footprint.hpp"
#include "conformance/misfits.hpp"
#include "conformance/rules.hpp"
#include "conformance/scenes.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

// Until then an allocator, a library or the plugin itself may still be settling.
constexpr std::size_t warm_up = 30;
// What grows in each of so many runs of lives grows for ever.
constexpr std::size_t runs = 4;
constexpr std::size_t most_lives = 100, least_lives = 25;  // of a run
constexpr auto time_for_run = 700ms;
// Less than this may be chance, and is little: an allocator's smallest piece for each life; some pages for each run.
constexpr std::uint64_t least_allocated = 16, least_written = 16'384;

const char* const many_lives = "many instances were made and destroyed in one process";

// One instance's life; false when it can't go on. A call that fails is told of elsewhere.
bool live(Caller& caller, const Records& records, Play& play, const std::string& done) {
  for (const Call call : {Call::create, Call::initialize, Call::process_records, Call::lease_lost, Call::destroy}) {
    const auto outcome =
        caller.call(call, call == Call::process_records ? std::span(records) : std::span<const Record>());
    if (!outcome) {
      if (caller.death()) play.report.add(death_in(std::string(name_of(call)), *caller.death(), done));
      return false;
    }
    if (outcome->ok() || call == Call::process_records) continue;
    play.report.add(failure_of(call, outcome->message, done));
    if (call == Call::create) return false;
  }
  return true;
}

// A thread that was told to end may take a moment for it.
std::optional<Footprint> settled(const Caller& caller, std::uint64_t threads_before) {
  auto found = footprint_of(caller.process());
  for (int tries = 0; tries < 25 && found && found->threads > threads_before; ++tries) {
    std::this_thread::sleep_for(10ms);
    found = footprint_of(caller.process());
  }
  return found;
}

// The process has an allocator that keeps what is freed, for a sanitizer, which looks for leaks itself.
bool keeps_what_is_freed() {
  return ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr || ::dlsym(RTLD_DEFAULT, "__tsan_init") != nullptr;
}

// What a life costs that is not given back; by what the process has before the first run and after each.
void judge_growth(const std::vector<Footprint>& seen, std::size_t lives, const char* whose, const std::string& done,
                  Report& report) {
  const auto grows = [&](std::uint64_t Footprint::*what, std::uint64_t least) {
    for (std::size_t i = 1; i < seen.size(); ++i) {
      if (seen[i].*what < seen[i - 1].*what + least) return false;
    }
    return true;
  };
  const auto each = [&](std::uint64_t Footprint::*what) {
    return std::to_string((seen.back().*what - seen.front().*what) / (lives * runs));
  };
  const auto leak = [&](const char* key, const std::string& did, const char* mend) {
    report.add({.key = std::string(key) + " " + whose, .done = done, .did = did, .mend = mend});
  };
  if (grows(&Footprint::threads, lives)) {
    return leak("threads", std::string(whose) + " leaves " + each(&Footprint::threads) + " threads behind",
                ends_with_its_instance);
  }
  if (grows(&Footprint::descriptors, lives)) {
    leak("descriptors", std::string(whose) + " leaves " + each(&Footprint::descriptors) + " descriptors open",
         "close what the instance has opened, in destroy, or before create fails");
  }
  if (keeps_what_is_freed()) return;
  const bool allocates = grows(&Footprint::allocated, lives * least_allocated);
  if (allocates || grows(&Footprint::memory, least_written)) {
    leak("memory",
         std::string(whose) + " leaks about " + each(allocates ? &Footprint::allocated : &Footprint::memory) + " bytes",
         "give back what the instance has allocated, in destroy, or before create fails; a leak sanitizer shows where");
  }
}

// Lives one life after the other and looks at what that leaves behind.
template <class Live>
void look_for_growth(const Caller& caller, Live&& live_once, const char* whose, const std::string& done,
                     Report& report) {
  const auto began = Clock::now();
  std::size_t lived = 0;
  for (; lived < warm_up && Clock::now() - began < time_for_run; ++lived) {
    if (!live_once()) return;
  }
  const auto one = (Clock::now() - began) / lived + 1us;
  const std::size_t lives = std::clamp(static_cast<std::size_t>(time_for_run / one), least_lives, most_lives);
  std::vector<Footprint> seen;
  // What is allocated is told at the end of a life: of one more, when the threads of those before it are gone.
  const auto look = [&] {
    auto found = settled(caller, seen.empty() ? UINT64_MAX : seen.back().threads);
    if (!found || !live_once()) return false;
    found->allocated = caller.allocated();
    seen.push_back(*found);
    return true;
  };
  if (!look()) return;
  for (std::size_t run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i + 1 < lives; ++i) {
      if (!live_once()) return;
    }
    if (!look()) return;
  }
  judge_growth(seen, lives, whose, done, report);
}

}  // namespace

void many_instances(Play& play) {
  EventLoop loop;
  Caller caller(loop, play.subject, Caller::In::own_process);
  if (!caller.load(play.subject.config_json)) return;
  const auto before = footprint_of(caller.process());
  const Records records = play.records.usual(3);
  look_for_growth(
      caller, [&] { return live(caller, records, play, many_lives); }, "each instance", many_lives, play.report);
  // What has not ended with its instance may yet do what it was started for.
  const auto after = footprint_of(caller.process());
  if (before && after && after->threads > before->threads) caller.listen(300ms);
  for (const std::string& text : caller.complaints()) play.report.add(complained(text, many_lives));
}

void failing_create(Play& play) {
  for (const std::string& config : odd_configurations(play.subject)) {
    const std::string done = "create was given " + config;
    EventLoop loop;
    Caller caller(loop, play.subject, Caller::In::own_process);
    if (!caller.load(config)) continue;
    const auto create = [&] {
      const auto outcome = caller.call(Call::create);
      if (!outcome && caller.death()) {
        Finding died = death_in("create", *caller.death(), done);
        died.key = "configuration";
        died.mend = "name the types that plugin.config must have in the config schema, and refuse what is not known";
        play.report.add(std::move(died));
      }
      return outcome && !outcome->ok();
    };
    if (!create()) {
      if (caller.alive()) caller.call(Call::destroy);
      continue;
    }
    look_for_growth(caller, create, "each create that fails", done, play.report);
    return;
  }
}

}  // namespace kclhost::host::conformance
