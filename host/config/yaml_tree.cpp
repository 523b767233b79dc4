#include "config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "config/core_schema.hpp"
#include "support/utf8.hpp"

namespace kclhost::host::config {
namespace {

constexpr std::size_t deepest = 100;
constexpr std::size_t heaviest = 4u << 20;  // what a few nested aliases can exceed by far

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

// What is fine YAML but no configuration.
class Refusal : public YAML::ParserException {
 public:
  using YAML::ParserException::ParserException;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(Tree& tree, const std::string& file) : tree_(tree), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (tree_.root.node != nullptr) throw Refusal(mark, "a second document begins here; keep one per file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(NodeKind::null, mark, "?", anchor, {}); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    leaf(NodeKind::scalar, mark, tag, anchor, text);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node* const node = anchors_[anchor];
    if (std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.node == node; }))
      throw Refusal(mark, "this alias stands inside the value it refers to");
    add({node, position_of(mark)}, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(NodeKind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(NodeKind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  // Where the collection begins that is being read.
  Position innermost() const { return open_.empty() ? Position{} : open_.back().node->position; }

 private:
  struct Open {
    Node* node;
    YAML::Mark mark;
    std::optional<Value> key;  // of a map: read, its value is still to come
    std::unordered_map<std::string_view, Position> seen;
  };

  Node* make(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.position = position_of(mark);
    node.tag = tag;
    if (anchor != 0) anchors_[anchor] = &node;
    return &node;
  }

  void leaf(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            const std::string& text) {
    Node* const node = make(kind, mark, tag, anchor);
    node->text = text;
    node->weight += text.size();
    add({node, node->position}, mark);
  }

  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= deepest) throw Refusal(mark, "nested deeper than " + std::to_string(deepest) + " levels");
    open_.push_back({make(kind, mark, tag, anchor), mark, std::nullopt, {}});
  }

  void close() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    add({done.node, done.node->position}, done.mark);
  }

  void add(Value value, const YAML::Mark& mark) {
    if (open_.empty()) {
      tree_.root = value;
      return;
    }
    Open& parent = open_.back();
    parent.node->weight += value.node->weight;
    if (parent.node->weight > heaviest) throw Refusal(mark, "the aliases stand for more than 4 MiB");
    if (parent.node->kind == NodeKind::sequence) {
      parent.node->items.push_back(value);
    } else if (!parent.key) {
      parent.key = value;
    } else {
      // yaml-cpp places a value that isn't there at whatever comes next.
      if (value.node->kind == NodeKind::null) value.position = parent.key->position;
      if (is_new_key(parent, *parent.key)) parent.node->members.push_back({*parent.key, value});
      parent.key.reset();
    }
  }

  bool is_new_key(Open& parent, const Value& key) {
    const Node& node = *key.node;
    if (node.kind != NodeKind::scalar) {
      report(key.position, "a key must be a name, not " + std::string(describe(node)));
      return false;
    }
    if (node.tag == "?" && node.text == "<<") {
      report(key.position, "'<<' is not part of YAML 1.2: write the keys out, or quote it if it is a name");
      return false;
    }
    const auto [first, added] = parent.seen.emplace(node.text, key.position);
    if (!added)
      report(key.position,
             "duplicate key '" + node.text + "'; it is already at line " + std::to_string(first->second.line));
    return added;
  }

  void report(Position position, std::string message) {
    tree_.problems.push_back({file_, position, std::move(message)});
  }

  Tree& tree_;
  const std::string& file_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node*> anchors_;
};

// yaml-cpp quotes the first byte of a character as if it were the character.
std::string as_utf8(std::string message) {
  for (std::size_t bad; (bad = first_bad_byte(message)) != std::string::npos;) message.replace(bad, 1, "\uFFFD");
  return message;
}

std::string_view line_at(std::string_view text, int line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// What usually is behind one of yaml-cpp's messages. Without an answer its own message must do.
std::string_view cure(std::string_view message, std::string_view line) {
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos)
    return "; indent with spaces, not tabs";
  if (line.find("${") != std::string_view::npos) return "; inside {…} and […] a value with ${…} needs quotes";
  if (message.ends_with("flow not found")) return "; close the bracket, or quote what stands here";
  if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ)
    return "; indent this line as its neighbours are";
  if (message == YAML::ErrorMsg::MAP_VALUE) return "; quote a value that has ': ' in it";
  if (message == YAML::ErrorMsg::EOF_IN_SCALAR) return "; close the quotes";
  return "";
}

}  // namespace

Tree parse_yaml(std::string_view text, const std::string& file) {
  Tree tree;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  tree.source = text;
  if (const std::size_t bad = first_bad_byte(text); bad != std::string_view::npos) {
    const std::string_view before = text.substr(0, bad);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    tree.problems.push_back({file,
                             {static_cast<int>(line), static_cast<int>(bad - start) + 1},
                             "this byte is not UTF-8 text; save the file as UTF-8"});
    return tree;
  }
  // yaml-cpp takes the end of the file for a closing quote when it comes right after a line's end; the comment
  // prevents it.
  std::string guarded = tree.source.substr(0, tree.source.find_last_not_of(" \t") + 1);
  if (guarded.ends_with('\n')) guarded += '#';
  Builder builder(tree, file);
  try {
    std::istringstream in(guarded);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    if (tree.root.node == nullptr || tree.root.node->kind == NodeKind::null) {
      tree.root.node = nullptr;
      tree.problems.push_back({file, {}, "the file is empty; begin with 'version: 1'"});
    }
  } catch (const Refusal& error) {
    tree.root.node = nullptr;
    tree.problems.push_back({file, position_of(error.mark), error.msg});
  } catch (const YAML::Exception& error) {
    tree.root.node = nullptr;
    Position position = position_of(error.mark);
    if (error.mark.pos >= static_cast<int>(guarded.size())) {  // what is open is of more use than where the file ends
      if (error.msg.ends_with("flow not found"))
        position = builder.innermost();
      else if (guarded.ends_with("\n#"))
        position.column = 1;
    }
    tree.problems.push_back(
        {file, position,
         "not valid YAML: " + as_utf8(error.msg) + std::string(cure(error.msg, line_at(tree.source, position.line)))});
  }
  return tree;
}

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::sequence:
      return "a list";
    case NodeKind::map:
      return "a map";
    case NodeKind::scalar:
      break;
  }
  if (node.tag != "?") return "a string";
  switch (core_type(node.text)) {
    case ScalarType::boolean:
      return "a boolean";
    case ScalarType::integer:
    case ScalarType::floating:
    case ScalarType::not_finite:
      return "a number";
    default:
      return "a string";
  }
}

}  // namespace kclhost::host::config
