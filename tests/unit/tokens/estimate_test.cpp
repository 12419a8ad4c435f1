#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "fluxgate/tokens/count.hpp"
#include "tokens/census.hpp"
#include "unit/tokens/golden.hpp"

namespace fluxgate::tokens {
namespace {

// The ASCII features a character at a time, by what their comments say.
struct NaiveCensus {
  explicit NaiveCensus(std::string_view text) {
    char before = 0;
    for (const char c : text) {
      const auto add = [this](Feature feature, bool is) { counts[static_cast<std::size_t>(feature)] += is ? 1 : 0; };
      add(Feature::kLetters, letter(c));
      add(Feature::kCapitals, capital(c));
      add(Feature::kHumps, capital(c) && letter(before) && !capital(before));
      add(Feature::kWords, word(c) && !word(before));
      add(Feature::kWordsAfterSymbol, word(c) && symbol(before));
      add(Feature::kDigits, digit(c));
      add(Feature::kNumbers, digit(c) && !digit(before));
      add(Feature::kNumbersAfterSpace, digit(c) && before == ' ');
      add(Feature::kSymbols, symbol(c));
      add(Feature::kSymbolRuns, symbol(c) && !symbol(before));
      add(Feature::kLines, line(c) && !line(before));
      add(Feature::kMoreSpace, blank(c) && blank(before));
      before = c;
    }
  }

  static bool capital(char c) { return c >= 'A' && c <= 'Z'; }
  static bool letter(char c) { return capital(c) || (c >= 'a' && c <= 'z'); }
  static bool word(char c) { return letter(c) || static_cast<unsigned char>(c) >= 0x80; }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool line(char c) { return c == '\n' || c == '\r'; }
  static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool symbol(char c) { return c != 0 && !word(c) && !digit(c) && !blank(c); }

  std::array<std::uint64_t, kFeatures> counts{};
};

TEST(Census, CountsWhatALoopOverCharactersCounts) {
  std::mt19937 random(5);
  for (std::size_t size = 1; size < 6000; size = size * 5 / 4 + 1) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += "aZ09 \n\t,.!-{\x7f\x01q"[random() % 15];
    Census whole;
    whole.add(text);
    EXPECT_EQ(whole.counts(), NaiveCensus(text).counts) << size;
    Census pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t step = 1 + random() % 40;
      pieces.add(std::string_view(text).substr(at, step));
      at += step;
    }
    EXPECT_EQ(pieces.counts(), whole.counts()) << size;
  }
}

TEST(Census, TellsScriptsApart) {
  const std::vector<std::pair<std::string, Feature>> cases = {
      {"\u00e9", Feature::kLatin}, {"\u1ea1", Feature::kLatin}, {"\u03b1", Feature::kGreek},
      {"\u0436", Feature::kCyrillic}, {"\u0561", Feature::kCaucasian}, {"\u10d0", Feature::kCaucasian},
      {"\u05d0", Feature::kHebrew}, {"\u0643", Feature::kArabic}, {"\u0939", Feature::kIndic},
      {"\u0e20", Feature::kThai}, {"\u1019", Feature::kSoutheast}, {"\u304b", Feature::kKana},
      {"\u30ab", Feature::kKana}, {"\ud55c", Feature::kHangul}, {"\u4e2d", Feature::kIdeographs},
      {"\U00020000", Feature::kIdeographs}, {"\u2014", Feature::kWideSymbols}, {"\u3002", Feature::kWideSymbols},
      {"\uff01", Feature::kWideSymbols}, {"\U0001f600", Feature::kEmoji}, {"\u1200", Feature::kOther},
      {"\u0e81", Feature::kOther}, {"\U00010400", Feature::kOther},
  };
  for (const auto& [text, feature] : cases) {
    for (const std::size_t times : {1U, 5U, 40U}) {
      std::string repeated;
      for (std::size_t i = 0; i < times; ++i) repeated += text;
      Census census;
      census.add(repeated);
      EXPECT_EQ(census.counts()[static_cast<std::size_t>(feature)], times) << text;
    }
  }
}

TEST(Estimate, IsNearTheCountOnWhatPeopleWrite) {
  double worst = 0;
  double sum = 0;
  std::size_t texts = 0;
  for (const GoldenText& golden : golden_texts()) {
    if (!golden.prose) continue;
    const double error = std::abs(static_cast<double>(estimate(golden.text)) / static_cast<double>(golden.o200k) - 1);
    worst = std::max(worst, error);
    sum += error;
    ++texts;
  }
  ASSERT_GT(texts, 10U);
  EXPECT_LT(sum / static_cast<double>(texts), 0.12);
  EXPECT_LT(worst, 0.3);
}

TEST(Estimate, IsZeroForNothingOnly) {
  EXPECT_EQ(estimate(""), 0U);
  EXPECT_EQ(estimate_json(""), 0U);
  for (const std::string_view text : {"a", " ", "\n", "\x80", "\xff\xff", "\xe4"}) EXPECT_GE(estimate(text), 1U);
  EXPECT_GE(estimate(std::string(1, '\0')), 1U);
}

TEST(Estimate, OfJsonIsThatOfTheTextItStandsFor) {
  for (const GoldenText& golden : golden_texts()) {
    for (const bool ascii_only : {false, true}) {
      const std::string quoted = nlohmann::json(golden.text).dump(-1, ' ', ascii_only);
      const auto contents = std::string_view(quoted).substr(1, quoted.size() - 2);
      EXPECT_EQ(estimate_json(contents), estimate(golden.text)) << quoted.substr(0, 200);
    }
  }
  EXPECT_EQ(estimate_json(R"(a\/b\b\f)"), estimate("a/b\b\f"));
}

TEST(Estimate, OfBrokenEscapesDoesNotFail) {
  for (const std::string_view raw : {"\\", "abc\\", "\\u", "\\u12", "\\u12g4", "\\ud83d", "\\ud83d\\n",
                                     "\\ud83d\\u0041", "\\udc00", "\\x"}) {
    EXPECT_GE(estimate_json(raw), 1U) << raw;
  }
}

}  // namespace
}  // namespace fluxgate::tokens
