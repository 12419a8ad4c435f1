#include "fluxgate/tasks/keywords.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fluxgate/base/random.hpp"
#include "fluxgate/base/text.hpp"

namespace fluxgate::tasks {
namespace {

using Keyword = KeywordMatcher::Keyword;
using Counts = std::vector<std::uint32_t>;

std::uint32_t count(const std::string& keyword, const std::string& text) {
  const auto matcher = KeywordMatcher::make({{keyword, 0}});
  EXPECT_TRUE(matcher) << keyword;
  return matcher->count(text, 1)[0];
}

struct Case {
  std::string keyword;
  std::string text;
  std::uint32_t times;
};

TEST(Keywords, StandByThemselves) {
  for (const Case& c : {
           Case{"code", "Review this CODE, please: code", 2},
           Case{"code", "decode encoder code2 _code", 0},
           Case{"Stack Trace", "here is the stack\n\t trace", 1},
           Case{"  stack   trace ", "stack trace", 1},
           Case{"stack trace", "stacktrace stack-trace stack  traces", 0},
           Case{"c++", "C++ is c++20", 2},
           Case{"c++", "abc++", 0},
           Case{"tl;dr", "TL;DR?", 1},
           Case{"na", "na\xc3\xafve \xc3\xa9na na", 1},
           Case{"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9! \xc3\xa9t\xc3\xa9s", 1},
           Case{"code", "\xe8\xbf\x99\xe6\xae\xb5" "code\xe6\x80\x8e\xe4\xb9\x88", 1},  // between Chinese
           Case{"\xe7\xbf\xbb\xe8\xaf\x91", "\xe8\xaf\xb7\xe7\xbf\xbb\xe8\xaf\x91\xe4\xb8\x80", 1},  // inside Chinese
           Case{"code", "\xe2\x80\x9c" "code\xe2\x80\x9d\xe2\x80\x94" "code", 2},  // curly quotes, dash
           Case{"code", "\xff" "code\xff", 0},  // no UTF-8: the bytes might be Latin letters
           Case{"code", "", 0},
       }) {
    EXPECT_EQ(count(c.keyword, c.text), c.times) << c.keyword << " in " << c.text;
  }
}

TEST(Keywords, OverlapAndBelongToTasks) {
  const auto matcher = KeywordMatcher::make({{"he", 0}, {"she said", 1}, {"said", 1}, {"said he", 2}, {"he", 2}});
  ASSERT_TRUE(matcher);
  EXPECT_EQ(matcher->count("She said he", 3), (Counts{1, 2, 2}));
  EXPECT_EQ(matcher->count("She said he", 1), (Counts{1})) << "other tasks are nobody's";
  EXPECT_EQ(KeywordMatcher::make({})->count("anything", 2), (Counts{0, 0}));
}

// The plain way: try every keyword at every place.
std::uint32_t slow_count(const std::string& keyword, const std::string& text) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  std::uint32_t found = 0;
  for (std::size_t at = text.find(keyword); at != std::string::npos; at = text.find(keyword, at + 1)) {
    const std::size_t end = at + keyword.size();
    const bool before = at > 0 && is_word(keyword.front()) && is_word(text[at - 1]);
    const bool after = end < text.size() && is_word(keyword.back()) && is_word(text[end]);
    found += !before && !after ? 1U : 0U;
  }
  return found;
}

TEST(Keywords, AgreeWithThePlainWay) {
  Random random(7);
  const auto any = [&random](std::size_t size, std::string_view letters) {
    std::string text;
    while (text.size() < size) {
      const char c = letters[random.next() % letters.size()];
      if (c != ' ' || (!text.empty() && text.back() != ' ')) text.push_back(c);
    }
    return text;
  };
  std::uint32_t found = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Keyword> keywords;
    for (std::uint16_t task = 0; task < 6; ++task) {
      std::string word = any(1 + random.next() % 4, "aab+ ");
      if (word.back() == ' ') word.back() = 'b';
      keywords.push_back({word, task});
    }
    const std::string text = any(60, "ab+  ");
    const auto matcher = KeywordMatcher::make(keywords);
    ASSERT_TRUE(matcher);
    const Counts counts = matcher->count(text, 6);
    for (std::uint16_t task = 0; task < 6; ++task) {
      EXPECT_EQ(counts[task], slow_count(keywords[task].text, text)) << keywords[task].text << " in " << text;
      found += counts[task];
    }
  }
  EXPECT_GT(found, 1000U);
}

TEST(Keywords, AreBounded) {
  EXPECT_FALSE(KeywordMatcher::make({{"", 0}}));
  EXPECT_FALSE(KeywordMatcher::make({{" \n", 0}}));
  EXPECT_FALSE(KeywordMatcher::make({{std::string(KeywordMatcher::kMaxKeyword + 1, 'x'), 0}}));
  std::vector<Keyword> many(KeywordMatcher::kMaxStates / 200 + 1, {std::string(200, 'x'), 0});
  const auto made = KeywordMatcher::make(many);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kConfig);
}

}  // namespace
}  // namespace fluxgate::tasks
