// kclhost rollout look.
#include <optional>
#include <string>

#include "cli/rollout_desk.hpp"
#include "plugin/file.hpp"
#include "plugin/neighbours.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::rollouts {
namespace {

using rollout::Release;
using rollout::State;

// What the candidate is made of, as the hosts will have it.
std::string candidate(const config::Config& config) {
  const Result<plugin::File> file = plugin::find(config);
  if (!file) throw Failure{exit_plugin, file.error()};
  const auto neighbours = plugin::find_neighbours(file->path, file->elf);
  if (!neighbours) throw Failure{exit_plugin, "plugin " + file->path.string() + " " + neighbours.error()};
  return store::content_of(*file, *neighbours, config.plugin.config_json);
}

struct Answer {
  Release release;
  std::string text;
  int exit_code = exit_done;
};

// Nothing while the hosts have not made up their minds.
std::optional<Answer> answer(const State& state, const std::string& content, bool somebody_looks) {
  const auto named = [](Release release) { return "release " + std::to_string(release); };
  if (state.trial && state.trial->content == content) {
    return Answer{state.trial->release, named(state.trial->release) + " is on trial"};
  }
  if (state.current != 0 && state.current_content == content && !state.trial) {
    return Answer{state.current, named(state.current) + " runs, and nothing is new"};
  }
  if (const rollout::Refusal* const refusal = rollout::refusal_of(state, content)) {
    return Answer{
        refusal->release,
        named(refusal->release) + " was given up, and is not tried again until its content changes: " + refusal->why,
        exit_stopped};
  }
  if (state.current == 0 && state.candidate_content == content) {
    return Answer{state.candidate, named(state.candidate) + " is what each shard starts"};
  }
  if (!somebody_looks) return Answer{0, "no shard is live: the next one that starts looks"};
  return std::nullopt;
}

}  // namespace

int look(const Options& options) {
  const Time end = end_of(options);
  Desk desk(options);
  // One that can't be taken up is this command's answer; the hosts' is a warning in their log.
  std::string content = candidate(desk.config());
  if (const std::string why = desk.store().ask_to_look(); !why.empty()) throw Failure{exit_stopped, why};
  for (;;) {
    if (const auto found = answer(desk.state(), content, !desk.live().empty())) {
      if (found->exit_code != exit_done) throw Failure{found->exit_code, found->text};
      say(options, found->release, found->text, true);
      return exit_done;
    }
    if (!desk.wait(end)) break;
    content = candidate(desk.config());
  }
  say(options, 0, "the new release is not decided on yet", false);
  return exit_under_way;
}

}  // namespace kclhost::host::cli::rollouts
