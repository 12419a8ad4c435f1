#include "fluxgate/resilience/latency.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "fluxgate/base/random.hpp"
#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

using std::chrono::milliseconds;

TEST(PeakEwma, WorkedValues) {
  PeakEwma e(10);
  EXPECT_TRUE(e.empty());
  EXPECT_DOUBLE_EQ(e.read(at(0)), 0);
  struct Case {
    double t, x, then;
  };
  for (const Case& c : {Case{0, 1.0, 1.0}, Case{2, 0.5, 0.909365}, Case{2, 0.1, 0.909365}, Case{5, 3.0, 3.0},
                        Case{15, 1.0, 1.735759}}) {
    e.add(at(c.t), c.x);
    EXPECT_NEAR(e.read(at(c.t)), c.then, 1e-6) << c.t << " " << c.x;
  }
  EXPECT_NEAR(e.read(at(25)), 0.638550, 1e-6);
  EXPECT_NEAR(e.read(at(25)), 0.638550, 1e-6) << "reading changes nothing";
}

TEST(PeakEwma, TimeMayStandStillOrGoBack) {
  PeakEwma e(10);
  e.add(at(10), 1);
  e.add(at(5), 0.2);
  EXPECT_NEAR(e.read(at(5)), 1, 1e-9);
  EXPECT_NEAR(e.read(at(10)), 1, 1e-9);
}

TEST(LatencyEstimate, ShedsATenTimesSlowerTargetAtOnceAndForgivesItInTime) {
  LatencyEstimate e;
  for (int i = 0; i < 60; ++i) e.first_token(at(i), 0.5, 0);
  EXPECT_NEAR(e.ttft(at(60)), 0.5, 0.03);
  e.first_token(at(60), 5, 0);
  EXPECT_NEAR(e.ttft(at(60)), 5, 0.01);
  EXPECT_LT(e.ttft(at(60 + 30 * std::log(10))), 0.51) << "idle, it decays with tau 30 s";
}

TEST(LatencyEstimate, FailureSamples) {
  struct Case {
    double elapsed;
    std::optional<milliseconds> retry_after;
    double sample;
  };
  for (const Case& c : {Case{0, std::nullopt, 5}, Case{0, milliseconds(1000), 5}, Case{0, milliseconds(60000), 60},
                        Case{0, milliseconds(7'200'000), 300}, Case{60, std::nullopt, 60}, Case{1, std::nullopt, 5}}) {
    LatencyEstimate e;
    e.failed(at(0), c.elapsed, c.retry_after);
    EXPECT_DOUBLE_EQ(e.ttft(at(0)), c.sample);
    EXPECT_EQ(e.samples(), 0u);
    EXPECT_FALSE(e.ttft_percentile(0.5, at(0)).has_value()) << "failures are no times to first token";
  }
}

TEST(LatencyEstimate, AbandonedIsALowerBound) {
  LatencyEstimate e;
  e.first_token(at(0), 1, 0);
  e.abandoned(at(0), 0.4, 0);
  EXPECT_DOUBLE_EQ(e.ttft(at(0)), 1);
  e.abandoned(at(0), 3, 0);
  EXPECT_DOUBLE_EQ(e.ttft(at(0)), 3);
  e.abandoned(at(0), 0, 0);
  EXPECT_DOUBLE_EQ(e.ttft(at(0)), 3);
}

TEST(LatencyEstimate, TpotFromEightTokensOn) {
  LatencyEstimate e;
  e.answered(at(0), 0.5, 7);
  EXPECT_DOUBLE_EQ(e.tpot(), 0);
  e.answered(at(1), 0, 100);
  EXPECT_DOUBLE_EQ(e.tpot(), 0);
  e.answered(at(2), 0.02, 8);
  EXPECT_DOUBLE_EQ(e.tpot(), 0.02);
  e.answered(at(62), 0.04, 100);
  EXPECT_NEAR(e.tpot(), 0.02 * std::exp(-1) + 0.04 * (1 - std::exp(-1)), 1e-9);
  EXPECT_EQ(e.samples(), 4u);
}

TEST(LatencyEstimate, StaleAfterFiveMinutes) {
  LatencyEstimate e;
  EXPECT_FALSE(e.stale(at(10000))) << "never sampled is unknown, not stale";
  e.answered(at(0), 0, 1);
  EXPECT_FALSE(e.stale(at(300)));
  EXPECT_TRUE(e.stale(at(300.1)));
  e.failed(at(301), 0, std::nullopt);
  EXPECT_FALSE(e.stale(at(301)));
}

struct SlopeCase {
  const char* name;
  double base, slope, noise;      // noise: exponential, as queueing is
  double outliers;                // share of samples that are 30 s late
  double low, high;               // prompt sizes
  double least, most;             // what may be learned
};

TEST(PrefillSlope, LearnsTheSlopeOrNothing) {
  const SlopeCase cases[] = {
      {"clean", 0.3, 1e-4, 0, 0, 100, 20000, 0.99e-4, 1.01e-4},
      {"noisy", 0.3, 1e-4, 0.1, 0, 100, 20000, 0.85e-4, 1.15e-4},
      {"outliers", 0.3, 1e-4, 0.05, 0.03, 100, 20000, 0.7e-4, 1.4e-4},
      {"one size", 0.3, 1e-4, 0.1, 0, 1000, 1001, 0, 0},
      {"nearly one size", 0.3, 1e-4, 0.1, 0, 1000, 1400, 0, 0},
  };
  for (const SlopeCase& c : cases) {
    int good = 0;
    constexpr int kRuns = 40;
    for (int run = 0; run < kRuns; ++run) {
      Random random(static_cast<std::uint64_t>(run));
      PrefillSlope slope;
      for (int i = 0; i < 200; ++i) {
        const double x = c.low + (c.high - c.low) * random.unit();
        double y = c.base + c.slope * x - c.noise * std::log(1 - random.unit());
        if (random.unit() < c.outliers) y += 30;
        slope.add(x, y);
      }
      good += slope.value() >= c.least && slope.value() <= c.most;
    }
    EXPECT_GE(good, kRuns * 9 / 10) << c.name;
  }
}

TEST(PrefillSlope, NoSlopeIsRarelyTakenForOne) {
  int wrong = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    Random random(run);
    PrefillSlope slope;
    for (int i = 0; i < 100; ++i) slope.add(100 + 20000 * random.unit(), 0.3 - 0.2 * std::log(1 - random.unit()));
    wrong += slope.value() > 0;
    EXPECT_GE(slope.value(), 0);
    EXPECT_LT(slope.value(), 3e-5);
  }
  EXPECT_LT(wrong, 20) << "of 200: two standard errors";
}

TEST(PrefillSlope, WaitsForSamplesAndFollowsAChange) {
  PrefillSlope slope;
  Random random(3);
  for (int i = 0; i < 9; ++i) slope.add(1000 * (i + 1), 0.3 + 1e-4 * 1000 * (i + 1));
  EXPECT_DOUBLE_EQ(slope.value(), 0);
  slope.add(10000, 1.3);
  EXPECT_NEAR(slope.value(), 1e-4, 1e-8);
  for (int i = 0; i < 400; ++i) {
    const double x = 20000 * random.unit() + 1;
    slope.add(x, 0.3 + 5e-4 * x);
  }
  EXPECT_NEAR(slope.value(), 5e-4, 0.5e-4);
  slope.add(0, 1);
  slope.add(100, 0);
  slope.add(100, std::nan(""));
  EXPECT_NEAR(slope.value(), 5e-4, 0.5e-4) << "useless samples are left out";
}

TEST(LatencyEstimate, LongPromptsDoNotMakeATargetLookSlow) {
  LatencyEstimate e;
  Random random(5);
  double t = 0;
  for (int i = 0; i < 200; ++i, t += 1) {
    const double x = 500 + 30000 * random.unit();
    const double ttft = 0.4 + 1e-4 * x;
    e.first_token(at(t), ttft, x);
    e.prompt(ttft, x);
  }
  EXPECT_NEAR(e.prefill(), 1e-4, 1e-6);
  EXPECT_NEAR(e.ttft(at(t)), 0.4, 0.05);
  e.first_token(at(t), 0.001, 30000);
  EXPECT_GT(e.ttft(at(t)), 0) << "0 would read as unknown";
}

TEST(PercentileRing, QuantilesWithinABucket) {
  LatencyEstimate e;
  for (int i = 1; i <= 19; ++i) e.first_token(at(0), i, 0);
  EXPECT_FALSE(e.ttft_percentile(0.5, at(0)).has_value()) << "below 20 samples";
  LatencyEstimate many;
  for (int i = 1; i <= 1000; ++i) many.first_token(at(i / 10.0), i / 100.0, 0);  // 0.01 .. 10 s over 100 s
  for (const double q : {0.01, 0.5, 0.95, 0.99, 1.0}) {
    EXPECT_NEAR(*many.ttft_percentile(q, at(100)) / (10 * q), 1, 0.05) << q;
  }
}

TEST(PercentileRing, FiveMinutesAndThenForgotten) {
  PercentileRing ring;
  for (int i = 0; i < 30; ++i) ring.add(at(0), 8);
  for (int i = 0; i < 30; ++i) ring.add(at(200), 0.1);
  EXPECT_NEAR(*ring.percentile(0.95, at(250)), 8, 0.4);
  EXPECT_NEAR(*ring.percentile(0.95, at(310)), 0.1, 0.005);
  EXPECT_FALSE(ring.percentile(0.95, at(1000)).has_value());
  PercentileRing extremes;
  for (int i = 0; i < 20; ++i) extremes.add(at(0), i % 2 == 0 ? 0.0 : 1e9);
  EXPECT_GT(*extremes.percentile(0.99, at(0)), 900);
  EXPECT_LT(*extremes.percentile(0.1, at(0)), 0.002);
}

}  // namespace
}  // namespace fluxgate::resilience
