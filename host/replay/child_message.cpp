#include "replay/child_message.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "support/json.hpp"

namespace kclhost::host::replay {
namespace {

using rapidjson::Value;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Numbers arrive as their text; null and text are themselves. False for what is neither.
bool take_text(const Value& value, std::optional<std::string>& to) {
  if (value.IsNull()) return true;
  if (value.IsBool()) {
    to = value.GetBool() ? "true" : "false";
    return true;
  }
  if (!value.IsString()) return false;
  to = text_of(value);
  return true;
}

bool take_number(const Value& value, std::optional<std::int64_t>& to) {
  std::optional<std::string> text;
  if (!take_text(value, text)) return false;
  if (!text || text->empty()) return true;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  to = number;
  return code == std::errc() && end == text->data() + text->size();
}

bool take_status(const Value& object, ChildMessage& message) {
  message.kind = ChildMessage::Kind::status;
  for (const auto& member : object.GetObject()) {
    if (member.name == "action") continue;
    std::optional<std::string> text;
    if (member.name != "responseFor" || !take_text(member.value, text)) return false;
    message.response_for = text.value_or("");
  }
  return true;
}

bool take_checkpoint(const Value& object, ChildMessage& message) {
  message.kind = ChildMessage::Kind::checkpoint;
  for (const auto& member : object.GetObject()) {
    if (member.name == "sequenceNumber") {
      if (!take_text(member.value, message.checkpoint.sequence_number)) return false;
    } else if (member.name == "subSequenceNumber") {
      if (!take_number(member.value, message.checkpoint.sub_sequence_number)) return false;
    } else if (member.name != "action" && member.name != "error") {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<ChildMessage> parse_child_message(std::string_view line) {
  rapidjson::Document document;
  if (json::parse_first(line, document) || !document.IsObject()) return std::nullopt;
  const auto action = document.FindMember("action");
  if (action == document.MemberEnd() || !action->value.IsString()) return std::nullopt;
  ChildMessage message;
  const std::string_view name = text_of(action->value);
  if (name == "status") return take_status(document, message) ? std::optional(message) : std::nullopt;
  if (name == "checkpoint") return take_checkpoint(document, message) ? std::optional(message) : std::nullopt;
  constexpr std::array<std::string_view, 6> daemons = {"initialize", "processRecords",    "leaseLost",
                                                       "shardEnded", "shutdownRequested", "shutdown"};
  if (std::find(daemons.begin(), daemons.end(), name) == daemons.end()) return std::nullopt;
  return message;
}

}  // namespace kclhost::host::replay
