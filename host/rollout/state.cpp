#include "rollout/state.hpp"

#include <algorithm>
#include <iterator>

#include "support/json.hpp"
#include "support/json_string.hpp"

namespace kclhost::host::rollout {
namespace {

constexpr int format = 1;

constexpr std::string_view names[] = {"staged",   "first",   "trial",  "took",      "step",   "confirmed",
                                      "promoted", "refused", "undone", "withdrawn", "paused", "resumed"};

// An object, member by member.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }
  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  template <class Number>
  void number(std::string_view name, Number value) {
    key(name) += std::to_string(value);
  }
  template <class All, class One>
  void list(std::string_view name, const All& all, One one) {
    key(name) += '[';
    for (const auto& each : all) {
      if (out_.back() != '[') out_ += ',';
      one(each);
    }
    out_ += ']';
  }

 private:
  std::string& out_;
};

// What is not there, or of another kind, is zero or empty: an older kclhost did not write it.
std::string text_of(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

std::int64_t number_of(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsInt64() ? found->value.GetInt64() : 0;
}

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
  std::string out;
  Writer all(out);
  all.number("format", format);
  all.text("application", state.application);
  all.number("current", state.current);
  all.text("current_content", state.current_content);
  all.number("before", state.before);
  all.number("candidate", state.candidate);
  all.text("candidate_content", state.candidate_content);
  if (state.trial) {
    Writer trial(all.key("trial"));
    trial.number("release", state.trial->release);
    trial.number("previous", state.trial->previous);
    trial.text("content", state.trial->content);
    trial.number("step", state.trial->step);
    trial.number("began_ms", state.trial->began);
    trial.number("since_ms", state.trial->since);
    trial.number("paused_ms", state.trial->paused);
    trial.list("shards", state.trial->shards, [&out](const std::string& shard) { append_json_string(out, shard); });
    trial.end();
  }
  all.list("refused", state.refused, [&out](const Refusal& refusal) {
    Writer one(out);
    one.text("content", refusal.content);
    one.number("release", refusal.release);
    one.text("why", refusal.why);
    one.number("at_ms", refusal.at);
    one.end();
  });
  all.list("history", state.history, [&out](const Event& event) {
    Writer one(out);
    one.number("at_ms", event.at);
    one.text("what", name_of(event.what));
    one.number("release", event.release);
    one.text("why", event.why);
    one.text("who", event.who);
    one.end();
  });
  all.end();
  return out + "\n";
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
