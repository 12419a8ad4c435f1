#include <gtest/gtest.h>

#include <cmath>

#include "fluxgate/base/random.hpp"
#include "fluxgate/policies/experiments.hpp"

namespace fluxgate::policies {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using Stage = CanaryState::Stage;

constexpr int kRuns = 1000;
constexpr auto kStep = minutes(2);

struct Traffic {
  double rest_errors = 0.03;
  double canary_errors = 0.03;
  double rest_ttft = 0.8;
  double canary_ttft = 0.8;
};

// Twenty requests a second, judged every second, for up to an hour.
CanaryState run(const Traffic& traffic, const config::Canary& rules, std::uint64_t seed) {
  Random random(seed);
  TimePoint now{};
  CanaryState state(rules, now);
  for (int second = 0; second < 3600 && state.stage() == Stage::kRunning; ++second) {
    for (int i = 0; i < 20; ++i) {
      CanaryState::Outcome outcome;
      outcome.canary = random.unit() < state.share();
      outcome.failed = random.unit() < (outcome.canary ? traffic.canary_errors : traffic.rest_errors);
      // Times spread by a factor of about two.
      const double spread = std::exp(random.unit() + random.unit() - random.unit() - random.unit());
      outcome.ttft = (outcome.canary ? traffic.canary_ttft : traffic.rest_ttft) * spread;
      state.note(outcome);
    }
    now += std::chrono::seconds(1);
    state.judge(now);
  }
  return state;
}

config::Canary quick() {
  config::Canary rules;
  rules.steps = {0.05, 0.25, 1};
  rules.step_duration = kStep;
  return rules;
}

double aborted(const Traffic& traffic) {
  int count = 0;
  for (int i = 0; i < kRuns; ++i) {
    count += run(traffic, quick(), static_cast<std::uint64_t>(i) + 1).stage() == Stage::kAborted ? 1 : 0;
  }
  return count / static_cast<double>(kRuns);
}

// alpha is 0.05; at most twice that, and without the margin of 0.02 far less.
TEST(Canary, HealthyOnesAreNotAborted) { EXPECT_LE(aborted({}), 0.01); }
TEST(Canary, OnesJustAtTheLimitsAreSeldomAborted) {
  EXPECT_LE(aborted({.rest_errors = 0.03, .canary_errors = 0.05}), 0.10);
  EXPECT_LE(aborted({.canary_ttft = 1.2}), 0.10);
  EXPECT_LE(aborted({.rest_errors = 0, .canary_errors = 0}), 0.001);
}
TEST(Canary, TenPointsMoreErrorsAbort) { EXPECT_GE(aborted({.rest_errors = 0.03, .canary_errors = 0.13}), 0.99); }
TEST(Canary, TwiceTheTimeAborts) { EXPECT_GE(aborted({.canary_ttft = 1.6}), 0.99); }

TEST(Canary, AbortsEarlyAndSaysWhy) {
  const CanaryState state = run({.rest_errors = 0.01, .canary_errors = 0.6}, quick(), 3);
  EXPECT_EQ(state.stage(), Stage::kAborted);
  EXPECT_EQ(state.share(), 0);
  EXPECT_NE(state.reason().find("failed against"), std::string::npos) << state.reason();
  EXPECT_NE(state.reason().find("at most 2.0 points more"), std::string::npos) << state.reason();
  const CanaryState slow = run({.canary_ttft = 8}, quick(), 3);
  EXPECT_NE(slow.reason().find("first token"), std::string::npos) << slow.reason();
}

struct Steps {
  config::Canary rules;
  CanaryState state;
  explicit Steps(config::Canary of) : rules(std::move(of)), state(rules, TimePoint{}) {}
  void serve(bool canary, int count, bool failed = false) {
    for (int i = 0; i < count; ++i) state.note({canary, failed, 1});
  }
};

TEST(Canary, GoesThroughItsSteps) {
  Steps canary(quick());
  TimePoint now{};
  EXPECT_EQ(canary.state.share(), 0.05);
  for (const double next : {0.25, 1.0}) {
    canary.serve(true, 60);
    canary.serve(false, 600);
    EXPECT_FALSE(canary.state.judge(now + kStep - milliseconds(1)));
    now += kStep;
    EXPECT_TRUE(canary.state.judge(now));
    EXPECT_EQ(canary.state.share(), next);
    EXPECT_EQ(canary.state.stage(), Stage::kRunning);
  }
  canary.serve(true, 60);  // everything is the canary's now: compared with the others of the step before
  now += kStep;
  EXPECT_TRUE(canary.state.judge(now));
  EXPECT_EQ(canary.state.stage(), Stage::kPassed);
  EXPECT_EQ(canary.state.share(), 1);
  EXPECT_FALSE(canary.state.judge(now + minutes(50)));
  canary.serve(true, 500, true);
  EXPECT_FALSE(canary.state.judge(now + minutes(60)));
}

TEST(Canary, WaitsForEnoughRequestsOfEachSide) {
  Steps canary(quick());
  canary.serve(true, 49);
  canary.serve(false, 600);
  EXPECT_FALSE(canary.state.judge(TimePoint{} + minutes(60)));
  canary.serve(true, 1);
  EXPECT_TRUE(canary.state.judge(TimePoint{} + minutes(60)));
  EXPECT_EQ(canary.state.share(), 0.25);
  Steps other(quick());
  other.serve(true, 600);
  other.serve(false, 49);
  EXPECT_FALSE(other.state.judge(TimePoint{} + minutes(60)));
}

TEST(Canary, TheLastStepCanAbortToo) {
  Steps canary(quick());
  TimePoint now{};
  for (int step = 0; step < 2; ++step) {
    canary.serve(true, 60);
    canary.serve(false, 600);
    now += kStep;
    ASSERT_TRUE(canary.state.judge(now));
  }
  canary.serve(true, 40, true);
  canary.serve(true, 60);
  EXPECT_TRUE(canary.state.judge(now + minutes(1)));
  EXPECT_EQ(canary.state.stage(), Stage::kAborted);
}

TEST(Canary, LookingOftenSpendsNothingWithoutNewRequests) {
  Steps canary(quick());
  canary.serve(false, 600);
  canary.serve(true, 44);
  canary.serve(true, 6, true);
  for (int i = 0; i < 1000; ++i) canary.state.judge(TimePoint{} + milliseconds(i));
  canary.serve(true, 60, true);  // the second look: still sharp
  EXPECT_TRUE(canary.state.judge(TimePoint{} + minutes(1)));
  EXPECT_EQ(canary.state.stage(), Stage::kAborted);
}

}  // namespace
}  // namespace fluxgate::policies
