#include "config/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fluxgate::config {
namespace {

Node parsed(std::string_view text) {
  auto result = parse_yaml(text);
  if (const auto* error = std::get_if<SyntaxError>(&result)) {
    ADD_FAILURE() << error->line << ':' << error->column << ": " << error->message;
    return {};
  }
  return std::get<Node>(std::move(result));
}

std::string error_of(std::string_view text) {
  const auto result = parse_yaml(text);
  const auto* error = std::get_if<SyntaxError>(&result);
  if (error == nullptr) return "none";
  return std::to_string(error->line) + ":" + std::to_string(error->column) + ": " + error->message;
}

TEST(Tree, KeepsOrderPlacesAndQuotes) {
  const auto root = parsed("a: 1\nb:\n  - 'x'\n  - y\n");
  ASSERT_EQ(root.kind, Node::Kind::kMap);
  ASSERT_EQ(root.keys.size(), 2u);
  EXPECT_EQ(root.keys[1].text, "b");
  EXPECT_EQ(root.keys[1].line, 2);
  const Node& list = root.items[1];
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_TRUE(list.items[0].quoted);
  EXPECT_FALSE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].line, 4);
  EXPECT_EQ(list.items[1].column, 5);
}

TEST(Tree, AnEmptyTextIsNull) {
  EXPECT_EQ(parsed("").kind, Node::Kind::kNull);
  EXPECT_EQ(parsed("# only a comment\n").kind, Node::Kind::kNull);
}

TEST(Tree, DuplicateKeysStayVisible) {
  EXPECT_EQ(parsed("{a: 1, a: 2}").keys.size(), 2u);
}

TEST(Tree, AliasesAreCopies) {
  const auto root = parsed("a: &x {k: v}\nb: *x\n");
  ASSERT_EQ(root.items[1].keys.size(), 1u);
  EXPECT_EQ(root.items[1].items[0].text, "v");
}

TEST(Tree, MergesYieldToOwnKeysAndEarlierMaps) {
  const auto root = parsed("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n");
  const Node& z = root.items[2];
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < z.keys.size(); ++i) seen.push_back(z.keys[i].text + z.items[i].text);
  EXPECT_THAT(seen, testing::UnorderedElementsAre("a0", "b1", "c2"));
}

TEST(Tree, RefusesWithPlaceAndReason) {
  using testing::HasSubstr;
  using testing::StartsWith;
  EXPECT_EQ(error_of("a: [1\nb: 2\n").substr(0, 2), "2:");
  EXPECT_EQ(error_of("a: &a [*a]"), "1:8: the alias stands inside the value it names");
  EXPECT_EQ(error_of("a: *nothing"), "1:4: the referenced anchor is not defined");
  EXPECT_THAT(error_of("a: !env X"), StartsWith("1:4: YAML tags"));
  EXPECT_EQ(error_of("[a, b]: c"), "1:1: a key must be text");
  EXPECT_THAT(error_of("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
  EXPECT_EQ(error_of("a: 1\nb: x\xff"), "2:5: the file is not UTF-8");
  EXPECT_EQ(error_of("a: \xed\xa0\x80"), "1:4: the file is not UTF-8");     // a surrogate
  EXPECT_EQ(error_of("a: \xc0\xaf"), "1:4: the file is not UTF-8");         // overlong
  EXPECT_EQ(error_of("a: 1\n\x04hidden: 1"), "2:1: a control character (byte 4)");  // yaml-cpp stops at it
  EXPECT_THAT(error_of("<<: 3"), HasSubstr("'<<' takes a map"));
}

TEST(Tree, DepthIsBounded) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(error_of(nested(kMaxDepth)), "none");
  EXPECT_THAT(error_of(nested(kMaxDepth + 1)), testing::HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(error_of(nested(100000)), testing::HasSubstr("nested deeper"));
  // Aliases count with the depth of what they stand for.
  EXPECT_THAT(error_of("a: &a " + nested(40) + "\nb: " + std::string(40, '[') + "*a" + std::string(40, ']')),
              testing::HasSubstr("nested deeper"));
}

TEST(Tree, AliasBombsAreBounded) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto name = std::to_string(i);
    const auto below = "*a" + std::to_string(i - 1);
    text += "a" + name + ": &a" + name + " [" + below;
    for (int k = 1; k < 10; ++k) text += ", " + below;
    text += "]\n";
  }
  EXPECT_THAT(error_of(text), testing::HasSubstr("too many values"));
}

TEST(Tree, LongTextBehindManyAliasesIsBounded) {
  std::string text = "a: &a " + std::string(1000000, 'x') + "\nb: [*a";
  for (int i = 0; i < 100; ++i) text += ", *a";
  EXPECT_THAT(error_of(text + "]"), testing::HasSubstr("too many values"));
}

TEST(Tree, SizeIsBounded) {
  EXPECT_THAT(error_of(std::string(kMaxText + 1, ' ')), testing::HasSubstr("larger than 4 MiB"));
}

}  // namespace
}  // namespace fluxgate::config
