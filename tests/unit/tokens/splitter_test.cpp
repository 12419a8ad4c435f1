#include "tokens/splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::tokens {
namespace {

using Pieces = std::vector<std::string>;

template <std::size_t (*kPiece)(std::string_view)>
Pieces split(std::string_view text) {
  Pieces pieces;
  while (!text.empty()) {
    const std::size_t size = kPiece(text);
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

struct Case {
  std::string text;
  Pieces o200k;
  Pieces cl100k;
};

TEST(Splitter, CutsAsThePatternsDo) {
  const std::vector<Case> cases = {
      {"Hello big world", {"Hello", " big", " world"}, {"Hello", " big", " world"}},
      {"don't", {"don't"}, {"don", "'t"}},
      {"DON'Ts", {"DON'T", "s"}, {"DON", "'T", "s"}},
      {"it'\u017f", {"it'\u017f"}, {"it", "'\u017f"}},
      {"'s's", {"'s's"}, {"'s", "'s"}},
      {"XMLHttpRequest", {"XMLHttp", "Request"}, {"XMLHttpRequest"}},
      {"ABC中D", {"ABC中", "D"}, {"ABC中D"}},  // the head gives back to where a tail can be
      {"\u0301AB", {"\u0301", "AB"}, {"\u0301AB"}},
      {"\u0301Ab", {"\u0301Ab"}, {"\u0301Ab"}},
      {"e\u0301a", {"e\u0301a"}, {"e", "\u0301a"}},
      {"1234567a", {"123", "456", "7", "a"}, {"123", "456", "7", "a"}},
      {"a 12", {"a", " ", "12"}, {"a", " ", "12"}},
      {"a  b", {"a", " ", " b"}, {"a", " ", " b"}},
      {"a \n b", {"a", " \n", " b"}, {"a", " \n", " b"}},
      {"a \n  ", {"a", " \n", "  "}, {"a", " \n  "}},  // only one of the patterns has an end of text
      {" !?/\n/\n", {" !?/\n/\n"}, {" !?/\n", "/\n"}},
      {"\tx\u00a0y", {"\tx", "\u00a0y"}, {"\tx", "\u00a0y"}},
      {"\r\nx", {"\r\n", "x"}, {"\r\n", "x"}},
      {"\u3000\u3000!", {"\u3000", "\u3000", "!"}, {"\u3000", "\u3000", "!"}},
      {"<|endoftext|>", {"<|", "endoftext", "|>"}, {"<|", "endoftext", "|>"}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(split<o200k_piece>(c.text), c.o200k) << c.text;
    EXPECT_EQ(split<cl100k_piece>(c.text), c.cl100k) << c.text;
  }
}

}  // namespace
}  // namespace fluxgate::tokens
