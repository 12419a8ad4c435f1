#include "fluxgate/base/text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace fluxgate {
namespace {

TEST(Text, ComparesAsciiWithoutCase) {
  EXPECT_TRUE(iequals("Content-Type", "cONTENT-tYPE"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("a", "b"));
  EXPECT_FALSE(iequals("\xc3\x84", "\xc3\xa4"));  // not ASCII, so not folded
  EXPECT_FALSE(iequals("[", "{"));                // 32 apart, but no letters
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_EQ(to_lower("AbZ[\xc3\x84"), "abz[\xc3\x84");
}

// Words are compared eight characters at a time: every pair of characters at every place of every length.
TEST(Text, ComparesEveryPairOfCharactersAsOneByOne) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string a(size, 'q');
      std::string b(size, 'Q');
      for (int x = 0; x < 256; x += size == 9 ? 1 : 5) {
        for (int y = 0; y < 256; ++y) {
          a[at] = static_cast<char>(x);
          b[at] = static_cast<char>(y);
          const bool same = ascii_lower(a[at]) == ascii_lower(b[at]);
          ASSERT_EQ(iequals(a, b), same) << size << ' ' << at << ' ' << x << ' ' << y;
        }
      }
    }
  }
}

TEST(Text, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\r\nx\n"), "\r\nx\n");
}

TEST(Text, FindsPrefixes) {
  EXPECT_TRUE(starts_with_icase("Multipart/form-data; x", "multipart/FORM-data"));
  EXPECT_TRUE(starts_with_icase("x", ""));
  EXPECT_FALSE(starts_with_icase("mult", "multipart"));
}

TEST(Text, ReadsDecimals) {
  struct Case {
    const char* text;
    std::optional<std::uint64_t> value;
  };
  for (const Case& c : {Case{"0", 0}, Case{"007", 7}, Case{"18446744073709551615", 18446744073709551615ULL},
                        Case{"18446744073709551616", {}}, Case{"99999999999999999999999", {}}, Case{"", {}},
                        Case{"-1", {}}, Case{"+1", {}}, Case{" 1", {}}, Case{"1 ", {}}, Case{"1.0", {}},
                        Case{"0x10", {}}, Case{"1e3", {}}}) {
    EXPECT_EQ(parse_decimal(c.text), c.value) << c.text;
  }
}

TEST(Text, FindsTokensInLists) {
  EXPECT_TRUE(lists_token("close", "close"));
  EXPECT_TRUE(lists_token("keep-alive, CLOSE", "close"));
  EXPECT_TRUE(lists_token(" ,,\tclose ,", "close"));
  EXPECT_FALSE(lists_token("closed", "close"));
  EXPECT_FALSE(lists_token("not close", "close"));
  EXPECT_FALSE(lists_token("", "close"));
  EXPECT_FALSE(lists_token(",", "close"));
}

TEST(Text, MatchesWildcards) {
  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const Case& c : {
           Case{"", "", true},           Case{"", "a", false},          Case{"*", "", true},
           Case{"*", "anything", true},  Case{"**", "", true},          Case{"a", "a", true},
           Case{"a", "A", false},        Case{"gpt-*", "gpt-4o", true}, Case{"gpt-*", "gpt-", true},
           Case{"gpt-*", "gpt", false},  Case{"*-mini", "gpt-4o-mini", true},
           Case{"*-mini", "gpt-4o-mini-2", false},                      Case{"a*b*c", "abc", true},
           Case{"a*b*c", "aXbYbZc", true},                              Case{"a*b*c", "acb", false},
           Case{"*a*", "bab", true},     Case{"*a*", "bbb", false},     Case{"a*a", "a", false},
           Case{"a*a", "aa", true},      Case{"*ab", "aab", true},      Case{"*aab", "aaab", true},
           Case{"a?c", "abc", false},    Case{"a.c", "abc", false},     Case{"[a]", "a", false},
           Case{"a*", "*", false},       Case{"*", "*", true},          Case{"openai/*", "openai/x/y", true},
           Case{"\\*", "\\x", true},
       }) {
    EXPECT_EQ(wildcard_match(c.pattern, c.text), c.matches) << '"' << c.pattern << "\" on \"" << c.text << '"';
  }
}

// What makes backtracking matchers exponential: many stars, a text that nearly matches.
TEST(Text, PathologicalWildcardsAreQuick) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  pattern += 'b';
  const std::string text(4000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(wildcard_match(pattern, text));
  EXPECT_TRUE(wildcard_match(pattern, text + 'b'));
  EXPECT_FALSE(wildcard_match(std::string(2000, '*') + 'b', text));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace fluxgate
