#include "fluxgate/base/random.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace fluxgate {
namespace {

// The outputs of Vigna's reference splitmix64.c for these seeds.
TEST(Random, IsSplitMix64) {
  Random zero(0);
  for (const std::uint64_t expected : {0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL,
                                       0xf88bb8a8724c81ecULL, 0x1b39896a51a8749bULL}) {
    EXPECT_EQ(zero.next(), expected);
  }
  Random seeded(1234567);
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                       4593380528125082431ULL, 16408922859458223821ULL}) {
    EXPECT_EQ(seeded.next(), expected);
  }
}

TEST(Random, UnitIsInItsRangeAndEven) {
  Random random(42);
  double sum = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
}

}  // namespace
}  // namespace fluxgate
