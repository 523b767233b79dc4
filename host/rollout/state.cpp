#include "rollout/state.hpp"

#include <algorithm>
#include <iterator>

#include "support/json.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::rollout {
namespace {

constexpr int format = 1;

constexpr std::string_view names[] = {"staged",   "first",   "trial",  "took",      "step",   "confirmed",
                                      "promoted", "refused", "undone", "withdrawn", "paused", "resumed"};

// What is not there, or of another kind, is zero or empty: an older kclhost did not write it.
using json::number_of;
using json::text_of;

Release release_of(const rapidjson::Value& object, const char* name) {
  const std::int64_t number = number_of(object, name);
  return number > 0 && number <= INT32_MAX ? static_cast<Release>(number) : 0;
}

template <class One>
void each_object(const rapidjson::Value& object, const char* name, One one) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsArray()) return;
  for (const auto& value : found->value.GetArray()) {
    if (value.IsObject()) one(value);
  }
}

template <class T>
void keep_newest(std::vector<T>& all, std::size_t most) {
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
}

Trial trial_of(const rapidjson::Value& object) {
  Trial trial{.release = release_of(object, "release"),
              .previous = release_of(object, "previous"),
              .content = text_of(object, "content"),
              .step = static_cast<std::uint32_t>(std::clamp<std::int64_t>(number_of(object, "step"), 0, 1'000'000)),
              .began = number_of(object, "began_ms"),
              .since = number_of(object, "since_ms"),
              .paused = number_of(object, "paused_ms"),
              .shards = {}};
  if (const auto found = object.FindMember("shards"); found != object.MemberEnd() && found->value.IsArray()) {
    for (const auto& shard : found->value.GetArray()) {
      if (shard.IsString()) trial.shards.emplace_back(shard.GetString(), shard.GetStringLength());
    }
  }
  return trial;
}

}  // namespace

std::string_view name_of(What what) {
  return names[static_cast<std::size_t>(what)];
}

std::string to_json(const State& state) {
  JsonOut out;
  out.open('{')
      .member("format", format)
      .member("application", state.application)
      .member("current", state.current)
      .member("current_content", state.current_content)
      .member("before", state.before)
      .member("candidate", state.candidate)
      .member("candidate_content", state.candidate_content);
  if (state.trial) {
    out.key("trial")
        .open('{')
        .member("release", state.trial->release)
        .member("previous", state.trial->previous)
        .member("content", state.trial->content)
        .member("step", state.trial->step)
        .member("began_ms", state.trial->began)
        .member("since_ms", state.trial->since)
        .member("paused_ms", state.trial->paused);
    out.key("shards").open('[');
    for (const std::string& shard : state.trial->shards) out.value(shard);
    out.close(']').close('}');
  }
  out.key("refused").open('[');
  for (const Refusal& refusal : state.refused) {
    out.open('{')
        .member("content", refusal.content)
        .member("release", refusal.release)
        .member("why", refusal.why)
        .member("at_ms", refusal.at)
        .close('}');
  }
  out.close(']').key("history").open('[');
  for (const Event& event : state.history) {
    out.open('{')
        .member("at_ms", event.at)
        .member("what", name_of(event.what))
        .member("release", event.release)
        .member("why", event.why)
        .member("who", event.who)
        .close('}');
  }
  return out.close(']').close('}').take() + "\n";
}

Result<State> state_from_json(std::string_view text) {
  rapidjson::Document document;
  if (const auto fault = json::parse(text, document, json::Utf8::checked)) return Error{fault->str()};
  if (!document.IsObject()) return Error{"is no JSON object"};
  if (number_of(document, "format") != format) return Error{"was written by another version of kclhost"};
  State state;
  state.application = text_of(document, "application");
  state.current = release_of(document, "current");
  state.current_content = text_of(document, "current_content");
  state.before = release_of(document, "before");
  state.candidate = release_of(document, "candidate");
  state.candidate_content = text_of(document, "candidate_content");
  if (const auto found = document.FindMember("trial"); found != document.MemberEnd() && found->value.IsObject()) {
    if (Trial trial = trial_of(found->value); trial.release != 0) state.trial = std::move(trial);
  }
  each_object(document, "refused", [&state](const rapidjson::Value& one) {
    state.refused.push_back(
        {text_of(one, "content"), release_of(one, "release"), text_of(one, "why"), number_of(one, "at_ms")});
  });
  each_object(document, "history", [&state](const rapidjson::Value& one) {
    const auto* const what = std::find(std::begin(names), std::end(names), text_of(one, "what"));
    if (what == std::end(names)) return;
    state.history.push_back({number_of(one, "at_ms"), static_cast<What>(what - std::begin(names)),
                             release_of(one, "release"), text_of(one, "why"), text_of(one, "who")});
  });
  keep_newest(state.history, State::most_events);
  keep_newest(state.refused, State::most_refusals);
  return state;
}

}  // namespace kclhost::host::rollout
