#include "fluxgate/resilience/output_lengths.hpp"

#include <gtest/gtest.h>

namespace fluxgate::resilience {
namespace {

TimePoint day(double d) {
  return TimePoint{} + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1000 + d * 86400));
}

TEST(OutputLengths, UnknownUntilTenAnswers) {
  OutputLengths lengths;
  for (int i = 0; i < 9; ++i) lengths.add(day(0), 100);
  EXPECT_DOUBLE_EQ(lengths.median(), 0);
  lengths.add(day(0), 0);
  EXPECT_DOUBLE_EQ(lengths.median(), 0) << "no output is no answer";
  lengths.add(day(0), 100);
  EXPECT_NEAR(lengths.median() / 100, 1, 0.1);
  EXPECT_NEAR(lengths.p95() / 100, 1, 0.1);
}

TEST(OutputLengths, Quantiles) {
  OutputLengths lengths;
  for (std::uint64_t i = 1; i <= 1000; ++i) lengths.add(day(0), i);
  EXPECT_NEAR(lengths.median() / 500, 1, 0.1);
  EXPECT_NEAR(lengths.p95() / 950, 1, 0.1);
  for (int i = 0; i < 20000; ++i) lengths.add(day(0), UINT64_MAX);
  EXPECT_GT(lengths.median(), 1e6) << "absurd reports stay in the last bucket";
}

TEST(OutputLengths, HalvesInSevenDays) {
  // 100 old answers weigh as much as 50 new ones: 49 new ones do not move the median, 51 do.
  for (const auto& [fresh, expected] : {std::pair{45, 100.0}, std::pair{55, 1000.0}}) {
    OutputLengths lengths;
    for (int i = 0; i < 100; ++i) lengths.add(day(0), 100);
    for (int i = 0; i < fresh; ++i) lengths.add(day(7), 1000);
    EXPECT_NEAR(lengths.median() / expected, 1, 0.1) << fresh;
  }
}

TEST(OutputLengths, YearsDoNotOverflow) {
  OutputLengths lengths;
  for (int d = 0; d < 4000; ++d) lengths.add(day(d), d < 3900 ? 10 : 1000);
  EXPECT_NEAR(lengths.median() / 1000, 1, 0.1);
}

TEST(UsageHistory, CachedShareAndCalibration) {
  UsageHistory usage;
  EXPECT_DOUBLE_EQ(usage.cached_share(), 0);
  EXPECT_DOUBLE_EQ(usage.input_calibration(), 1);
  usage.add(day(0), 0, 0, 0, 50);
  EXPECT_DOUBLE_EQ(usage.cached_share(), 0) << "nothing was reported";
  usage.add(day(0), 1000, 1200, 600, 50);
  EXPECT_DOUBLE_EQ(usage.cached_share(), 0.5);
  const double first = usage.input_calibration();
  EXPECT_NEAR(first, 1, 0.02) << "one prompt proves little";
  usage.add(day(0), 0, 1000, 500, 50);
  EXPECT_DOUBLE_EQ(usage.input_calibration(), first) << "not estimated: nothing to learn";
  for (int i = 0; i < 300; ++i) usage.add(day(0), 1000, 1200, 600, 50);
  EXPECT_NEAR(usage.input_calibration(), 1.2, 0.02);
  for (int i = 0; i < 200; ++i) usage.add(day(0), 10, 100000, 100000000, 1);
  EXPECT_NEAR(usage.input_calibration(), 2, 0.01) << "clamped";
  EXPECT_NEAR(usage.cached_share(), 1, 0.01);
  for (int i = 0; i < 200; ++i) usage.add(day(0), 10, 1, 0, 1);
  EXPECT_NEAR(usage.input_calibration(), 2, 0.01) << "short prompts weigh little";
  for (int i = 0; i < 200; ++i) usage.add(day(0), 100000, 10, 0, 1);
  EXPECT_NEAR(usage.input_calibration(), 0.5, 0.01);
}

TEST(SteadyAverage, FirstSamplesCountMore) {
  SteadyAverage average(7);
  average.add(1);
  EXPECT_DOUBLE_EQ(average.value(), 1);
  average.add(3);
  EXPECT_DOUBLE_EQ(average.value(), 2);
  for (int i = 0; i < 100; ++i) average.add(2);
  average.add(22);
  EXPECT_NEAR(average.value(), 3, 0.05);
}

}  // namespace
}  // namespace fluxgate::resilience
