#include "hub/shard_state.hpp"

#include "support/json.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::hub {
namespace {

template <class State, class Visit>
void each_member(State& state, Visit&& visit) {
  visit("stream", state.stream);
  visit("application", state.application);
  visit("shard", state.shard);
  visit("pid", state.pid);
  visit("started_ms", state.started_ms);
  visit("plugin", state.plugin);
  visit("version", state.version);
  visit("sha256", state.sha256);
  visit("release", state.release);
  visit("on_trial", state.on_trial);
  visit("phase", state.phase);
  visit("waiting_since_ms", state.waiting_since_ms);
  visit("blocked", state.blocked);
  visit("behind_ms", state.behind_ms);
  visit("position", state.position);
  visit("checkpoint", state.checkpoint);
  visit("checkpoint_ms", state.checkpoint_ms);
  visit("uncovered_since_ms", state.uncovered_since_ms);
  visit("checkpoints_fail_since_ms", state.checkpoints_fail_since_ms);
  visit("checkpoint_error", state.checkpoint_error);
  visit("finished", state.finished);
  visit("unfinished", state.unfinished);
  visit("dead_letters", state.dead_letters);
  visit("skipped", state.skipped);
  visit("restarts", state.restarts);
  visit("error_ms", state.error_ms);
  visit("error", state.error);
}

template <class Lane, class Visit>
void each_member_of_lane(Lane& lane, Visit&& visit) {
  visit("lane", lane.lane);
  visit("worker", lane.worker);
  visit("generation", lane.generation);
}

// Takes the members that are of the right type.
class ReadMembers {
 public:
  explicit ReadMembers(const rapidjson::Value& object) : object_(object) {}
  void operator()(const char* name, std::string& to) const {
    if (const auto* value = find(name); value != nullptr && value->IsString()) {
      to.assign(value->GetString(), value->GetStringLength());
    }
  }
  void operator()(const char* name, std::int64_t& to) const {
    if (const auto* value = find(name); value != nullptr && value->IsInt64()) to = value->GetInt64();
  }
  void operator()(const char* name, bool& to) const {
    if (const auto* value = find(name); value != nullptr && value->IsBool()) to = value->GetBool();
  }

 private:
  const rapidjson::Value* find(const char* name) const {
    const auto found = object_.FindMember(name);
    return found == object_.MemberEnd() ? nullptr : &found->value;
  }
  const rapidjson::Value& object_;
};

template <class Take>
void each_element(const rapidjson::Value& object, const char* name, Take&& take) {
  const auto list = object.FindMember(name);
  if (list == object.MemberEnd() || !list->value.IsArray()) return;
  for (const auto& element : list->value.GetArray()) take(element);
}

}  // namespace

std::string to_json(const ShardState& state) {
  JsonOut out;
  const auto write = [&out](const char* name, const auto& value) { out.member(name, value); };
  out.open('{');
  each_member(state, write);
  out.key("lanes").open('[');
  for (const ShardState::Lane& lane : state.lanes) {
    out.open('{');
    each_member_of_lane(lane, write);
    out.close('}');
  }
  out.close(']').key("log").open('[');
  for (const std::string& line : state.log) out.value(line);
  return out.close(']').close('}').take();
}

Result<ShardState> parse_shard_state(std::string_view json) {
  rapidjson::Document document;
  if (const auto fault = json::parse(json, document, json::Utf8::checked)) return Error{fault->str()};
  if (!document.IsObject()) return Error{"no shard's state"};
  ShardState state;
  each_member(state, ReadMembers(document));
  each_element(document, "lanes", [&state](const rapidjson::Value& lane) {
    if (lane.IsObject()) each_member_of_lane(state.lanes.emplace_back(), ReadMembers(lane));
  });
  each_element(document, "log", [&state](const rapidjson::Value& line) {
    if (line.IsString()) state.log.emplace_back(line.GetString(), line.GetStringLength());
  });
  return state;
}

}  // namespace kclhost::host::hub
