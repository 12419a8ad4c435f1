#include "fluxgate/tokens/count.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tokens/embedded.hpp"
#include "tokens/merge.hpp"
#include "tokens/splitter.hpp"
#include "tokens/vocabulary.hpp"
#include "unit/tokens/golden.hpp"

namespace fluxgate::tokens {
namespace {

TEST(Count, EqualsTiktokenOnEveryGoldenText) {
  const auto texts = golden_texts();
  ASSERT_GT(texts.size(), 50U);
  for (const GoldenText& golden : texts) {
    EXPECT_EQ(count(Encoding::kO200k, golden.text), golden.o200k) << golden.text.substr(0, 100);
    EXPECT_EQ(count(Encoding::kCl100k, golden.text), golden.cl100k) << golden.text.substr(0, 100);
  }
}

TEST(Count, OfAnEstimateIsTheEstimate) {
  for (const GoldenText& golden : golden_texts()) {
    EXPECT_EQ(count(Encoding::kEstimate, golden.text), estimate(golden.text));
  }
}

TEST(Count, BytesThatAreNotUtf8CountAsReplacementCharacters) {
  const std::string bad = "\xef\xbf\xbd";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\xff", bad},
      {"a\x80z", "a" + bad + "z"},
      {"\xe4\xb8", bad},                              // cut: one
      {"\xe4\xb8 x", bad + " x"},
      {"\xed\xa0\x80", bad + bad + bad},              // a surrogate: nothing in it begins a character
      {"\xf0\x9f\x98", bad},
      {"\xc0\xaf", bad + bad},                        // overlong
      {"\xf4\x90\x80\x80", bad + bad + bad + bad},    // beyond U+10FFFF
  };
  for (const auto encoding : {Encoding::kO200k, Encoding::kCl100k}) {
    for (const auto& [broken, replaced] : cases) EXPECT_EQ(count(encoding, broken), count(encoding, replaced));
  }
}

TEST(Count, IsTheSumOverThePieces) {
  const Vocabulary vocabulary(embedded::o200k_base());
  for (const GoldenText& golden : golden_texts()) {
    std::string_view rest = golden.text;
    std::size_t sum = 0;
    while (!rest.empty()) {
      const std::size_t size = o200k_piece(rest);
      ASSERT_GT(size, 0U);
      ASSERT_LE(size, rest.size());
      Merger merger(vocabulary);
      sum += merger.count(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    EXPECT_EQ(sum, golden.o200k) << golden.text.substr(0, 100);
  }
}

TEST(Count, FirstUseFromManyThreadsAtOnce) {
  std::vector<std::size_t> counts(8);
  std::vector<std::thread> threads;
  for (std::size_t& result : counts) {
    threads.emplace_back([&result] {
      prepare(Encoding::kCl100k);
      result = count(Encoding::kCl100k, "The same text in every thread.");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts, std::vector<std::size_t>(counts.size(), 7));
}

}  // namespace
}  // namespace fluxgate::tokens
