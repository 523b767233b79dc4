#include "config/locate.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

#include "config/streams.hpp"

namespace kclhost::host::config {
namespace {

std::optional<Value> step(const Value& from, const std::string& name) {
  const Node& node = *from.node;
  if (node.kind == NodeKind::map) {
    const auto found = std::find_if(node.members.begin(), node.members.end(),
                                    [&](const Member& member) { return member.key.node->text == name; });
    if (found != node.members.end()) return found->value;
  } else if (node.kind == NodeKind::sequence) {
    std::size_t index = node.items.size();
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error == std::errc{} && end == name.data() + name.size() && index < node.items.size()) return node.items[index];
  }
  return std::nullopt;
}

// The file as it is for this stream; without a node where it can't be read.
Tree read(const std::filesystem::path& file, const std::string& stream) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Tree tree = parse_yaml(text, file.string());
  if (tree.root.node == nullptr) return tree;
  std::vector<Problem> ignored;
  for (const Member& one : find_streams(tree, file.string()).streams) {
    if (one.key.node->text != stream) continue;
    tree.root = file_of_stream(tree, one, file.string(), ignored);
    break;
  }
  return tree;
}

}  // namespace

std::optional<Position> locate(const std::filesystem::path& file, const std::string& stream,
                               std::span<const std::string> path) {
  const Tree tree = read(file, stream);
  if (tree.root.node == nullptr) return std::nullopt;
  std::optional<Value> at = tree.root;
  for (const std::string& name : path) {
    if (!(at = step(*at, name))) return std::nullopt;
  }
  return at->position;
}

std::vector<Position> locate_in_config_of(std::string_view section, const std::filesystem::path& file,
                                          const std::string& stream, std::span<const std::vector<std::string>> paths) {
  std::vector<Position> positions(paths.size());
  const Tree tree = read(file, stream);
  if (tree.root.node == nullptr) return positions;
  Value top = tree.root;
  for (const std::string_view name : {section, std::string_view("config")}) {
    if (const auto next = step(top, std::string(name))) top = *next;
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Value at = top;
    for (const std::string& name : paths[i]) {
      const auto next = step(at, name);
      if (!next) break;
      at = *next;
    }
    positions[i] = at.position;
  }
  return positions;
}

}  // namespace kclhost::host::config
