// A YAML file as a tree that remembers where everything stands. yaml-cpp's own tree forgets the positions of aliases
// and keeps silent about duplicate keys, so this one is built from its parser's events.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace kclhost::host::config {

struct Node;

// A place in the tree: an alias's value has the alias's position, its node the anchor's.
struct Value {
  const Node* node = nullptr;
  Position position;
};

struct Member {
  Value key;  // a scalar
  Value value;
};

enum class NodeKind { null, scalar, sequence, map };

struct Node {
  NodeKind kind = NodeKind::null;
  Position position;
  std::string tag;   // "?" unquoted, "!" quoted, else as written with its handle resolved
  std::string text;  // of a scalar
  std::vector<Value> items;
  std::vector<Member> members;  // each key once
  std::size_t weight = 1;       // about the bytes it stands for, aliases followed
};

inline constexpr std::string_view yaml_tag_prefix = "tag:yaml.org,2002:";

// Owns the nodes. root.node is null when the text has no usable document; problems then says why.
struct Tree {
  std::string source;  // without byte order mark
  std::deque<Node> nodes;
  Value root;
  std::vector<Problem> problems;
};

Tree parse_yaml(std::string_view text, const std::string& file);

// "a string", "a list", …: for messages.
std::string_view describe(const Node& node);

}  // namespace kclhost::host::config
