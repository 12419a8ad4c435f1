#include "fluxgate/tokens/calibration.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fluxgate::tokens {
namespace {

TEST(Calibration, BeginsAtOneAndApproachesTheRatio) {
  Calibration calibration;
  EXPECT_DOUBLE_EQ(calibration.factor(), 1);
  calibration.note(1300, 1000);
  EXPECT_DOUBLE_EQ(calibration.factor(), 1.03);
  for (int i = 0; i < 100; ++i) calibration.note(1300, 1000);
  EXPECT_NEAR(calibration.factor(), 1.3, 1e-4);
}

TEST(Calibration, StaysWithinItsBounds) {
  Calibration high;
  Calibration low;
  for (int i = 0; i < 200; ++i) {
    high.note(1e9, 1);
    low.note(1, 1e9);
  }
  EXPECT_NEAR(high.factor(), 2, 1e-6);
  EXPECT_NEAR(low.factor(), 0.5, 1e-6);
  EXPECT_LE(high.factor(), 2);
  EXPECT_GE(low.factor(), 0.5);
  high.note(1000, 1000);  // the odd samples weigh no more than the bound
  EXPECT_LT(high.factor(), 1.95);
}

TEST(Calibration, LeavesOutWhatSaysNothing) {
  Calibration calibration;
  calibration.note(0, 100);
  calibration.note(100, 0);
  calibration.note(-5, 100);
  calibration.note(std::numeric_limits<double>::quiet_NaN(), 100);
  calibration.note(100, std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(calibration.factor(), 1);
}

}  // namespace
}  // namespace fluxgate::tokens
