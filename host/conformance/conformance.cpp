#include "conformance/conformance.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "conformance/scenes.hpp"

namespace kclhost::host::conformance {
namespace {

struct Scene {
  const char* name;
  void (*play)(Play& play);
};

constexpr Scene scenes[] = {
    {"file and schema", file_and_schema},
    {"lease lost", lease_lost},
    {"shutdown", shutdown},
    {"shard ended", shard_ended},
    {"daemon gone", daemon_gone},
    {"no records", no_records},
    {"idle shard", idle_shard},
    {"odd records", odd_records},
    {"huge batch", huge_batch},
    {"time to stop", time_to_stop},
    {"redelivery", redelivery},
    {"worker killed", worker_killed},
    {"replacement", replacement},
    {"full flight", full_flight},
    {"two lanes", two_lanes},
    {"refused checkpoints", refused_checkpoints},
    {"many instances", many_instances},
    {"failing create", failing_create},
    {"two at once", two_at_once},
};

// Behind such a finding the other scenes would only find it again, and many would wait for it.
bool ends_all(const Finding& finding) {
  constexpr std::string_view begins[] = {"hang ", "not ", "misbehaved ", "lies: "}, ends[] = {" create", " initialize"};
  const std::string_view key = finding.key;
  return finding.weight == Weight::fault &&
         (std::any_of(std::begin(begins), std::end(begins), [key](auto begin) { return key.starts_with(begin); }) ||
          std::any_of(std::begin(ends), std::end(ends), [key](auto end) { return key.ends_with(end); }));
}

}  // namespace

Report play(const Subject& subject, const OnScene& on_scene) {
  Report report;
  report.id = subject.about.id;
  report.version = subject.about.version;
  report.file = subject.path();
  report.seed = subject.seed;
  Play all{subject, report, RecordMaker(subject.seed)};
  for (std::size_t i = 0; i < std::size(scenes); ++i) {
    const Scene& scene = scenes[i];
    on_scene(scene.name, i + 1, std::size(scenes));
    scene.play(all);
    report.scenes.emplace_back(scene.name);
    if (!std::any_of(report.findings().begin(), report.findings().end(), ends_all)) continue;
    if (i + 1 < std::size(scenes)) {
      report.broken_off =
          std::to_string(std::size(scenes) - i - 1) + " scenes were not played: mend what was found first";
    }
    break;
  }
  return report;
}

}  // namespace kclhost::host::conformance
