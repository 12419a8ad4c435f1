#include "fluxgate/base/hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fluxgate {
namespace {

TEST(HashText, TellsTextsApart) {
  std::vector<std::uint64_t> seen;
  std::string text;
  for (int i = 0; i < 200; ++i) {
    seen.push_back(hash_text(text));
    text.push_back(i % 9 == 0 ? '\0' : 'a');
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_NE(hash_text("a"), hash_text("a", 1));
}

// Sessions and targets stay where they are across restarts and versions: a change here moves every one of them.
TEST(HashText, IsTheSameInEveryVersion) {
  EXPECT_EQ(hash_text("gpt-4o"), hash_text(std::string("gpt-4o")));
  EXPECT_EQ(hash_text("a"), 10042011940270181338ULL);
  EXPECT_EQ(hash_text("a session id of some length", 7), 5313884909274071383ULL);
}

TEST(UnitOf, StaysBetweenItsEnds) {
  EXPECT_GT(unit_of(0), 0);
  EXPECT_LT(unit_of(~std::uint64_t{0}), 1);
  EXPECT_NEAR(unit_of(std::uint64_t{1} << 63), 0.5, 1e-9);
}

}  // namespace
}  // namespace fluxgate
