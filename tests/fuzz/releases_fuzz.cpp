// The state of an application's releases, and what a release is made of: files that hosts of any age wrote.
#include <algorithm>

#include "bytes.hpp"
#include "require.hpp"
#include "rollout/decide.hpp"
#include "store/release_info.hpp"

namespace {

using namespace kclhost::host;

void read_state(std::string_view text) {
  const auto read = rollout::state_from_json(text);
  if (!read) return fuzz::require(!read.error().empty());
  const auto again = rollout::state_from_json(rollout::to_json(*read));
  fuzz::require(again && *again == *read);
  fuzz::require(read->history.size() <= rollout::State::most_events);
  fuzz::require(read->refused.size() <= rollout::State::most_refusals);
  // Whatever it says, it can be gone on with.
  const config::Rollout settings;
  const std::vector<rollout::Report> live{{.shard = "a", .runs = 1}, {.shard = "b", .runs = 2}};
  rollout::State state = *read;
  rollout::Change change(state, 1'700'000'000'000, "a");
  change.decide(live, settings);
  if (state.trial)
    fuzz::require(rollout::wanted(state, "a").release == (state.current ? state.trial->release : state.candidate));
  change.found(7, "content");
  change.resume();
  change.undo("why");
  fuzz::require(!state.trial);
  fuzz::require(state.history.size() <= rollout::State::most_events);
}

void read_info(std::string_view text) {
  const auto info = store::info_from_json(text);
  if (!info) return fuzz::require(!info.error().empty());
  fuzz::require(info->number > 0 && !info->files.empty());
  for (const plugin::CopiedFile& file : info->files) {
    fuzz::require(file.path.is_relative() && !file.path.empty());
    fuzz::require(std::find(file.path.begin(), file.path.end(), "..") == file.path.end());
  }
  const auto again = store::info_from_json(store::to_json(*info));
  fuzz::require(again && again->content == info->content && again->files.size() == info->files.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_state(fuzz::text_of(data, size));
  read_info(fuzz::text_of(data, size));
  return 0;
}
