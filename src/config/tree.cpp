#include "config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "config/text_forms.hpp"

namespace fluxgate::config {
namespace {

// What one value costs against kMaxTree besides its text.
constexpr std::size_t kNodeCost = 32;

std::size_t cost(const Node& node) {
  std::size_t total = kNodeCost + node.text.size();
  for (const auto& key : node.keys) total += cost(key);
  for (const auto& item : node.items) total += cost(item);
  return total;
}

std::size_t depth(const Node& node) {
  std::size_t deepest = 0;
  for (const auto& key : node.keys) deepest = std::max(deepest, depth(key));
  for (const auto& item : node.items) deepest = std::max(deepest, depth(item));
  return node.kind == Node::Kind::kList || node.kind == Node::Kind::kMap ? deepest + 1 : deepest;
}

[[noreturn]] void fail(const YAML::Mark& mark, const std::string& message) {
  throw YAML::ParserException(mark, message);  // caught in parse_yaml, like yaml-cpp's own
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, make(Node::Kind::kNull, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Node node = make(Node::Kind::kScalar, mark);
    node.quoted = tag == "!";  // yaml-cpp's way of saying "not plain"
    node.text = value;
    spend(mark, value.size());
    add(mark, anchor, std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "the alias stands inside the value it names");
    spend(mark, cost(found->second));
    if (open_.size() + depth(found->second) > kMaxDepth) fail(mark, too_deep());
    attach(mark, found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override {
    merge(open_.back());
    close();
  }

 private:
  struct Open {  // a list or map whose end has not come yet
    Node node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    bool have_key = false;  // maps: the key is in, its value is next
  };

  static std::string too_deep() { return "nested deeper than " + std::to_string(kMaxDepth) + " levels"; }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") fail(mark, "YAML tags (such as !!str or !env) are not supported");
  }

  void spend(const YAML::Mark& mark, std::size_t bytes) {
    spent_ += bytes;
    if (spent_ > kMaxTree) fail(mark, "the file holds too many values (aliases count wherever they are used)");
  }

  Node make(Node::Kind kind, const YAML::Mark& mark) {
    spend(mark, kNodeCost);
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    if (open_.size() >= kMaxDepth) fail(mark, too_deep());
    open_.push_back({make(kind, mark), anchor, mark});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(done.mark, done.anchor, std::move(done.node));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Node node) {
    if (anchor != YAML::NullAnchor) {
      spend(mark, cost(node));
      anchors_[anchor] = node;
    }
    attach(mark, std::move(node));
  }

  void attach(const YAML::Mark& mark, Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    const bool is_key = parent.node.kind == Node::Kind::kMap && !parent.have_key;
    if (!is_key) {
      parent.node.items.push_back(std::move(node));
      parent.have_key = false;
      return;
    }
    if (node.kind != Node::Kind::kScalar) fail(mark, "a key must be text");
    parent.node.keys.push_back(std::move(node));
    parent.have_key = true;
  }

  // `<<: *base` or `<<: [*a, *b]`: entries of the named maps that this map does not have itself; the first map wins.
  static void merge(Open& map) {
    Node& node = map.node;
    const auto is_merge = [](const Node& key) { return !key.quoted && key.text == "<<"; };
    if (std::none_of(node.keys.begin(), node.keys.end(), is_merge)) return;
    Node merged;
    std::vector<Node> sources;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      if (is_merge(node.keys[i])) {
        sources.push_back(std::move(node.items[i]));
      } else {
        merged.keys.push_back(std::move(node.keys[i]));
        merged.items.push_back(std::move(node.items[i]));
      }
    }
    std::set<std::string> own;
    for (const auto& key : merged.keys) own.insert(key.text);
    for (Node& source : sources) {
      if (source.kind == Node::Kind::kList) {
        for (Node& part : source.items) merge_from(merged, own, std::move(part), map.mark);
      } else {
        merge_from(merged, own, std::move(source), map.mark);
      }
    }
    node.keys = std::move(merged.keys);
    node.items = std::move(merged.items);
  }

  static void merge_from(Node& into, std::set<std::string>& own, Node part, const YAML::Mark& mark) {
    if (part.kind != Node::Kind::kMap) fail(mark, "'<<' takes a map or a list of maps");
    for (std::size_t i = 0; i < part.keys.size(); ++i) {
      if (!own.insert(part.keys[i].text).second) continue;
      into.keys.push_back(std::move(part.keys[i]));
      into.items.push_back(std::move(part.items[i]));
    }
  }

  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t spent_ = 0;
};

// Length of the UTF-8 sequence at the start of `text`; 0 if it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogate
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

// yaml-cpp guesses encodings, takes byte 0x04 for the end of the file and lets other control characters through, so
// all that is settled before it sees the text.
std::optional<SyntaxError> check_bytes(std::string_view text) {
  if (text.size() > kMaxText) return SyntaxError{"the file is larger than 4 MiB"};
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto column = static_cast<int>(i - line_start) + 1;
    const auto length = utf8_length(text.substr(i));
    if (length == 0) return SyntaxError{"the file is not UTF-8", line, column};
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      return SyntaxError{"a control character (byte " + std::to_string(c) + ")", line, column};
    }
    i += length;
    if (c == '\n') {
      ++line;
      line_start = i;
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<Node, SyntaxError> parse_yaml(std::string_view text) {
  if (auto bad = check_bytes(text)) return *bad;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder first;
    if (!parser.HandleNextDocument(first)) return Node{};
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      const Node extra = second.take();
      return SyntaxError{"a second document; a configuration is one", extra.line, extra.column};
    }
    return first.take();
  } catch (const YAML::Exception& e) {
    return SyntaxError{escape_control(e.msg), e.mark.line + 1, e.mark.column + 1};
  }
}

}  // namespace fluxgate::config
