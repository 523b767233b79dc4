#include "config/streams.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/keys.hpp"
#include "config/messages.hpp"

namespace kclhost::host::config {
namespace {

constexpr std::string_view streams_key = "streams";
// One for all streams of a file: what the process has that looks after all of them.
constexpr std::array<std::string_view, 6> shared_keys{"version", "plugins_dir", "state_dir",
                                                      "log",     "metrics",     streams_key};
constexpr std::size_t longest_name = 63;

bool is_stream_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= longest_name && plain(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

const Member* find_member(const Node& map, std::string_view name) {
  const auto found = std::find_if(map.members.begin(), map.members.end(),
                                  [&](const Member& member) { return member.key.node->text == name; });
  return found == map.members.end() ? nullptr : &*found;
}

// Whether the key of that dotted name is put together from both places, and not taken from one.
bool has_parts(std::string_view name) {
  constexpr std::string_view properties = "daemon.properties";
  if (name == properties || (name.starts_with(properties) && name[properties.size()] == '.')) return true;
  const Key* const key = find_key(name);
  return key != nullptr && std::holds_alternative<Section>(key->target);
}

// `prefix`: what stands in front of the names in the maps, with its dot.
Value merge(Tree& tree, const std::string& prefix, const Value& all, const Value& one) {
  Node& merged = tree.nodes.emplace_back(*one.node);
  merged.members = all.node->members;
  for (const Member& own : one.node->members) {
    const auto base = std::find_if(merged.members.begin(), merged.members.end(),
                                   [&](const Member& member) { return member.key.node->text == own.key.node->text; });
    if (base == merged.members.end()) {
      merged.members.push_back(own);
      continue;
    }
    const std::string name = prefix + own.key.node->text;
    const bool parts = has_parts(name) && base->value.node->kind == NodeKind::map;
    if (parts && own.value.node->kind == NodeKind::null) continue;  // all of it is commented out
    const bool both = parts && own.value.node->kind == NodeKind::map;
    *base = both ? Member{own.key, merge(tree, name + ".", base->value, own.value)} : own;
  }
  return {&merged, one.position};
}

}  // namespace

bool is_shared(std::string_view key) {
  return std::find(shared_keys.begin(), shared_keys.end(), key) != shared_keys.end();
}

StreamsKey find_streams(const Tree& tree, const std::string& file) {
  StreamsKey found;
  if (tree.root.node == nullptr || tree.root.node->kind != NodeKind::map) return found;
  const Member* const key = find_member(*tree.root.node, streams_key);
  if (key == nullptr) return found;
  found.there = true;
  found.position = key->value.position;
  const auto report = [&](Position position, std::string message) {
    found.problems.push_back({file, position, std::move(message)});
  };
  const Node& map = *key->value.node;
  if (map.kind != NodeKind::map || map.members.empty()) {
    report(found.position, "'streams' must be a map of names to what each stream has of its own, not " +
                               (map.kind == NodeKind::map ? "an empty one" : std::string(describe(map))));
  }
  for (const Member& stream : map.members) {
    const std::string& name = stream.key.node->text;
    if (!is_stream_name(name)) {
      report(stream.key.position,
             "a stream's name consists of a-z, 0-9 and -, begins with no -, and has 63 characters "
             "at most: " +
                 in_quotes(name) + " is none");
    } else if (stream.value.node->kind != NodeKind::map) {
      report(stream.value.position,
             "'streams." + name + "' must be a map of keys, not " + std::string(describe(*stream.value.node)));
    } else {
      found.streams.push_back(stream);
    }
  }
  return found;
}

Value file_of_stream(Tree& tree, const Member& stream, const std::string& file, std::vector<Problem>& problems) {
  Node& own = tree.nodes.emplace_back(*stream.value.node);
  std::erase_if(own.members, [&](const Member& member) {
    const std::string& name = member.key.node->text;
    if (!is_shared(name)) return false;
    problems.push_back({file, member.key.position,
                        "'" + name + "' is one for all streams; set it at the top of the file, outside 'streams'"});
    return true;
  });
  Node& rest = tree.nodes.emplace_back(*tree.root.node);
  std::erase_if(rest.members, [](const Member& member) { return member.key.node->text == streams_key; });
  return merge(tree, "", {&rest, tree.root.position}, {&own, stream.key.position});
}

}  // namespace kclhost::host::config
