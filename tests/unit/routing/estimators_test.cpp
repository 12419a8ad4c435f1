#include "fluxgate/routing/estimators.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fluxgate/base/random.hpp"

namespace fluxgate::routing {
namespace {

// ---- worked values
// -----------------------------------------------------------------------------------------------------

TEST(OffPolicy, WorkedValues) {
  // New policy agrees?, propensity, reward, rhat of the new choice; rhat of the logged one is the same where they
  // agree.
  const std::array<OffPolicyRow, 4> rows{
      {{1, .5, 1, .8, .8}, {0, .5, 0, .4, .7}, {1, .1, 1, .8, .8}, {0, .9, 1, .4, .7}}};
  const OffPolicyValue value = off_policy_value(rows, 10);
  EXPECT_EQ(value.rows, 4u);
  EXPECT_NEAR(value.ips.value, 3.0, 1e-12);
  EXPECT_NEAR(value.snips.value, 1.0, 1e-12);
  EXPECT_NEAR(value.ess, 1.3846, 5e-5);
  EXPECT_NEAR(value.dr.value, 1.2, 1e-12);
  EXPECT_EQ(value.clipped_rows, 0) << "10 is not above the clip";
}

TEST(OffPolicy, ClipsWeightsAndSaysHowMuch) {
  const std::array<OffPolicyRow, 2> rows{{{1, .5, 1, 0, 0}, {1, .01, 0, 0, 0}}};
  const OffPolicyValue value = off_policy_value(rows, 10);
  EXPECT_NEAR(value.snips.value, 2.0 / 12, 1e-12);
  EXPECT_NEAR(value.clipped_rows, 0.5, 1e-12);
  EXPECT_NEAR(value.clipped_weight, 90.0 / 102, 1e-12);
}

TEST(OffPolicy, WithoutAgreementThereIsNoSample) {
  const std::array<OffPolicyRow, 2> rows{{{0, .5, 1, .3, .5}, {0, .5, 0, .5, .5}}};
  const OffPolicyValue value = off_policy_value(rows, 10);
  EXPECT_EQ(value.ess, 0);
  EXPECT_EQ(value.snips.value, 0);
  EXPECT_NEAR(value.dr.value, .4, 1e-12) << "only the model is left";
  EXPECT_EQ(off_policy_value({}, 10).rows, 0u);
}

TEST(RewardModel, ExpectsWhatOtherFoldsSawAndThePriorOtherwise) {
  RewardModel model(2, 2);
  EXPECT_NEAR(model.expect(0, 0, 0), 0.5, 1e-12);
  for (int i = 0; i < 8; ++i) model.add(1, 0, 0, 1);
  // All: (8 + .5 x 2) / 10 = .9; the target: (8 + .9 x 2) / 10 = .98; the cell: (8 + .98 x 2) / 10 = .996.
  EXPECT_NEAR(model.expect(0, 0, 0), 0.996, 1e-12);
  EXPECT_NEAR(model.expect(0, 1, 0), 0.98, 1e-12) << "another cell: as the target does everywhere";
  EXPECT_NEAR(model.expect(0, 0, 1), 0.9, 1e-12) << "another target: as everybody does";
  EXPECT_NEAR(model.expect(1, 0, 0), 0.5, 1e-12) << "its own fold tells it nothing";
  EXPECT_EQ(model.seen(0), 8u);
  EXPECT_EQ(model.seen(1), 0u);
}

TEST(Hull, IsTheBestMixOfTwoAtNoMoreThanThePrice) {
  const std::array<PriceAndValue, 4> singles{{{0.1, 0.5}, {0.2, 0.4}, {0.5, 0.8}, {0.9, 0.7}}};
  EXPECT_NEAR(hull_value(singles, 0.1), 0.5, 1e-12);
  EXPECT_NEAR(hull_value(singles, 0.3), 0.65, 1e-12) << "half 0.1, half 0.5";
  EXPECT_NEAR(hull_value(singles, 0.5), 0.8, 1e-12);
  EXPECT_NEAR(hull_value(singles, 0.9), 0.8, 1e-12) << "nobody has to pay more for less";
  EXPECT_NEAR(hull_value(singles, 0.05), 0.5, 1e-12) << "the cheapest there is";
}

TEST(Hull, WorkedValuesOfTheNineModelTable) {
  // The random mix of llama-3.1-8b (.546 @ .20) and nemotron-51b (.597 @ .90) at half and at 60 % of the price.
  const std::array<PriceAndValue, 2> singles{{{0.2, 0.546}, {0.9, 0.597}}};
  EXPECT_NEAR(hull_value(singles, 0.45), 0.564, 5e-4);
  EXPECT_NEAR(hull_value(singles, 0.54), 0.571, 5e-4);
}

TEST(Bootstrap, IsTheMiddle95PercentAndTheSameForASeed) {
  std::vector<double> values(400);
  Random random(3);
  for (double& value : values) value = random.unit();
  const auto mean = [&](std::span<const std::size_t> drawn) {
    double sum = 0;
    for (const std::size_t i : drawn) sum += values[i];
    return sum / static_cast<double>(drawn.size());
  };
  const Interval interval = bootstrap(values.size(), 1000, 7, mean);
  // Standard error of a mean of 400 uniform draws: sqrt(1/12/400) = .0144.
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * 0.0144, 0.006);
  EXPECT_LT(interval.low, 0.5);
  EXPECT_GT(interval.high, 0.5);
  const Interval again = bootstrap(values.size(), 1000, 7, mean);
  EXPECT_EQ(interval.low, again.low);
  EXPECT_EQ(interval.high, again.high);
  EXPECT_FALSE(interval.spans_zero());
  EXPECT_TRUE((Interval{-0.1, 0.1}.spans_zero()));
}

// ---- against full information
// --------------------------------------------------------------------------------------------

constexpr std::size_t kTargets = 3;
constexpr std::size_t kTasks = 4;

// Requests of four tasks whose outcome with every target is known; a logging policy that prefers one target, and a new
// one that goes by the task. The truth is what the new one is worth over all requests there could be.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  struct Trial {
    OffPolicyValue value;
    double truth = 0;
  };

  Trial run(std::size_t n) {
    std::vector<OffPolicyRow> rows;
    RewardModel model(kTasks, kTargets);
    struct Draw {
      std::size_t task, logged, fold;
      double propensity, reward;
    };
    std::vector<Draw> draws;
    Trial trial;
    for (std::size_t task = 0; task < kTasks; ++task) trial.truth += kGood[task][kNew[task]] / kTasks;
    for (std::size_t i = 0; i < n; ++i) {
      const auto task = static_cast<std::size_t>(random_.unit() * kTasks);
      std::array<double, kTargets> outcomes{};
      for (std::size_t target = 0; target < kTargets; ++target)
        outcomes[target] = random_.unit() < kGood[task][target] ? 1 : 0;
      const std::size_t logged = draw_logged();
      draws.push_back({task, logged, i % RewardModel::kFolds, kLogged[logged], outcomes[logged]});
      model.add(draws.back().fold, task, logged, outcomes[logged]);
    }
    for (const Draw& draw : draws) {
      const std::size_t choice = kNew[draw.task];
      rows.push_back({draw.logged == choice ? 1.0 : 0.0, draw.propensity, draw.reward,
                      model.expect(draw.fold, draw.task, choice), model.expect(draw.fold, draw.task, draw.logged)});
    }
    trial.value = off_policy_value(rows, 100);
    return trial;
  }

 private:
  std::size_t draw_logged() {
    const double at = random_.unit();
    return at < kLogged[0] ? 0 : at < kLogged[0] + kLogged[1] ? 1 : 2;
  }

  static constexpr double kLogged[kTargets] = {0.6, 0.25, 0.15};
  static constexpr std::size_t kNew[kTasks] = {0, 1, 2, 1};
  static constexpr double kGood[kTasks][kTargets] = {{.8, .5, .6}, {.4, .7, .6}, {.3, .2, .6}, {.5, .9, .5}};
  Random random_;
};

struct Errors {
  double ips = 0;
  double snips = 0;
  double dr = 0;
};

Errors mean_errors(std::size_t n, int trials) {
  World world(n);
  Errors errors;
  for (int i = 0; i < trials; ++i) {
    const auto trial = world.run(n);
    errors.ips += std::abs(trial.value.ips.value - trial.truth) / trials;
    errors.snips += std::abs(trial.value.snips.value - trial.truth) / trials;
    errors.dr += std::abs(trial.value.dr.value - trial.truth) / trials;
  }
  return errors;
}

TEST(OffPolicy, ErrorsShrinkWithTheNumberOfRows) {
  const Errors few = mean_errors(250, 60);
  const Errors many = mean_errors(4000, 60);
  // Sixteen times the rows: a quarter of the error, in the mean over 60 draws.
  EXPECT_LT(many.ips, 0.4 * few.ips);
  EXPECT_LT(many.snips, 0.4 * few.snips);
  EXPECT_LT(many.dr, 0.4 * few.dr);
  EXPECT_LT(many.dr, many.ips) << "the model of rewards must help";
  EXPECT_LT(many.dr, 0.02);
}

TEST(OffPolicy, IntervalsCoverTheTruthAsOftenAsTheySay) {
  World world(11);
  constexpr int kTrials = 400;
  int ips = 0;
  int snips = 0;
  int dr = 0;
  for (int i = 0; i < kTrials; ++i) {
    const auto trial = world.run(1000);
    const auto covers = [&](const Measured& measured) {
      return std::abs(measured.value - trial.truth) <= 1.96 * measured.error ? 1 : 0;
    };
    ips += covers(trial.value.ips);
    snips += covers(trial.value.snips);
    dr += covers(trial.value.dr);
  }
  // 380 of 400 are expected, with a standard deviation of 4.4.
  for (const int covered : {ips, snips, dr}) {
    EXPECT_GE(covered, 362);
    EXPECT_LE(covered, 396);
  }
}

}  // namespace
}  // namespace fluxgate::routing
