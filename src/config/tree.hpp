// A YAML document as a plain tree in which every value knows its place in the file.
//
// Built from yaml-cpp's event parser rather than its Node: that keeps duplicate keys visible and lets the bounds act
// while the text is read. Aliases are expanded by copying, `<<` merges are applied, tags are refused.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fluxgate::config {

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;      // a scalar in quotes or a block scalar: text, even if it looks like a number
  std::string text;         // scalars
  std::vector<Node> keys;   // maps: key i belongs to items i
  std::vector<Node> items;  // lists and maps
  int line = 1;             // both from 1; the column counts bytes
  int column = 1;
};

struct SyntaxError {
  std::string message;
  int line = 0;
  int column = 0;
};

inline constexpr std::size_t kMaxText = 4 * 1024 * 1024;  // bytes of a file
inline constexpr std::size_t kMaxDepth = 64;              // nested lists and maps
// Bytes of all values with aliases expanded, each value counting 32 more than its text.
inline constexpr std::size_t kMaxTree = 16 * 1024 * 1024;

std::variant<Node, SyntaxError> parse_yaml(std::string_view text);

}  // namespace fluxgate::config
