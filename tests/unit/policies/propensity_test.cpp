// Logged propensities against frequencies: 100,000 simulated requests for every balance, with and without exploration,
// and for Thompson sampling. What counterfactual estimates divide by must be what really happened.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "fluxgate/policies/exploration.hpp"
#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

using config::Balance;

constexpr int kDraws = 100000;
// Four standard deviations of a share of 100,000, and what an integration grid may be off.
constexpr double kTolerance = 0.0065;

// `choose` makes one request's pick; index is counted in the configuration (traits->index). For every option the
// frequency must be near the mean over all requests of what is logged for it: Horvitz-Thompson's 1/p weights must sum
// to the number of requests, and where p is the same at every pick it must be the frequency itself.
void frequencies_match(std::size_t options, const std::function<std::pair<std::size_t, double>()>& choose) {
  std::vector<double> count(options);
  std::vector<double> lowest(options, 2);
  std::vector<double> highest(options, -1);
  for (int i = 0; i < kDraws; ++i) {
    const auto [index, propensity] = choose();
    ++count[index];
    lowest[index] = std::min(lowest[index], propensity);
    highest[index] = std::max(highest[index], propensity);
  }
  double sum = 0;
  for (std::size_t i = 0; i < options; ++i) {
    if (count[i] == 0) continue;
    EXPECT_NEAR(lowest[i], highest[i], 1e-9) << i;
    EXPECT_NEAR(count[i] / kDraws, highest[i], kTolerance) << i;
    sum += highest[i];
  }
  EXPECT_NEAR(sum, 1, kTolerance * 2);  // nobody who is possible has a propensity that belongs to others
}

struct Fleet : World {
  explicit Fleet(std::size_t count, double exploration = 0) {
    static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e", "f"};
    route.policy.order_by = config::OrderBy::kQuality;
    route.policy.exploration = exploration;
    route.policy.near = 1;  // all of them are equals
    for (std::size_t i = 0; i < count; ++i) {
      Option& option = add(kNames[i], static_cast<double>(i % 3 + 1));
      option.estimate.total = 1 + 0.07 * static_cast<double>(i);
      option.estimate.quality = 0.9;
      option.status.samples = 100;
      option.status.pending_tokens = i < 2 ? 10 : 500;
    }
  }
};

constexpr Balance kDrawing[] = {Balance::kWeighted, Balance::kRoundRobin, Balance::kLeastOutstanding, Balance::kP2c,
                                Balance::kSession};

TEST(Propensity, OfEveryBalance) {
  for (const Balance kind : kDrawing) {
    for (const std::size_t size : {2u, 3u, 4u, 6u}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(kind) << " of " << size);
      Fleet fleet(size);
      std::uint64_t turn = 0;
      frequencies_match(size, [&] {
        fleet.facts.session = fleet.random.next();
        const Pick pick = balance(kind, fleet.balance_input(turn++), fleet.equals(), fleet.random);
        EXPECT_NEAR(pick.propensity, chance(kind, fleet.balance_input(), fleet.equals(), pick.index), 1e-12);
        return std::pair(pick.index, pick.propensity);
      });
    }
  }
}

TEST(Propensity, OfABeginningIsOneBecauseNothingIsDrawn) {
  Fleet fleet(4);
  fleet.facts.prefix = 99;
  frequencies_match(4, [&] {
    const Pick pick = balance(Balance::kPrefix, fleet.balance_input(), fleet.equals(), fleet.random);
    EXPECT_EQ(chance(Balance::kPrefix, fleet.balance_input(), fleet.equals(), pick.index), 1);
    return std::pair(pick.index, pick.propensity);
  });
}

// Two of the equals are stale and one that is no equal is new: all three are reached by both ways or by one.
TEST(Propensity, UnderExploration) {
  for (const Balance kind : {Balance::kOrdered, Balance::kWeighted, Balance::kRoundRobin, Balance::kLeastOutstanding,
                             Balance::kP2c, Balance::kSession}) {
    SCOPED_TRACE(static_cast<int>(kind));
    Fleet fleet(6, 0.2);
    fleet.route.policy.near = 0.1;
    fleet.options[0].status.stale = true;
    fleet.options[3].status.stale = true;
    fleet.options[5].status.samples = 2;
    fleet.options[5].estimate.quality = 0.5;
    const Ordered ordered = order(fleet.order_input(), fleet.options, fleet.random);
    ASSERT_EQ(ordered.equals, 5u);
    std::uint64_t turn = 0;
    frequencies_match(6, [&] {
      fleet.facts.session = fleet.random.next();
      const Pick pick =
          pick_first(fleet.order_input(), ordered, kind, fleet.balance_input(turn++), fleet.equals(), fleet.random);
      return std::pair(pick.index, pick.propensity);
    });
  }
}

struct Cells {
  double quality, good, underpowered, failed, usd;
};
constexpr Cells kCells[] = {
    {0.8, 150, 20, 2, 0.01}, {0.7, 60, 10, 0, 0.002}, {kNone, 0, 0, 0, 0.001}, {0.9, 30, 4, 1, 0.03}, {0.5, 3, 3, 0, kNone},
};

struct ThompsonFleet : World {
  ThompsonFleet() {
    static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e"};
    route.policy.order_by = config::OrderBy::kAdaptive;
    for (std::size_t i = 0; i < std::size(kCells); ++i) {
      Option& option = add(kNames[i]);
      option.estimate.quality = kCells[i].quality;
      option.estimate.usd = kCells[i].usd;
      option.cell.good = kCells[i].good;
      option.cell.underpowered = kCells[i].underpowered;
      option.cell.failed = kCells[i].failed;
    }
  }
};

void thompson_matches(bool sticky, double margin) {
  ThompsonFleet fleet;
  fleet.route.policy.sticky = sticky;
  fleet.route.policy.switch_margin = margin;
  // One propensity for each target is enough: with the same cells it is always the same.
  std::vector<double> known(std::size(kCells), -1);
  frequencies_match(known.size(), [&] {
    fleet.facts.session = fleet.random.next();
    const Options before = fleet.options;
    Random same = fleet.random;
    Ordered ordered = order(fleet.order_input(), fleet.options, fleet.random);
    const std::size_t index = fleet.options[0].traits->index;
    if (known[index] < 0) {
      EXPECT_TRUE(std::isnan(ordered.propensity));  // not asked for
      fleet.options = before;
      ordered = order({fleet.facts, fleet.rules, true}, fleet.options, same);
      EXPECT_EQ(fleet.options[0].traits->index, index);
      known[index] = ordered.propensity;
    }
    fleet.options = before;
    return std::pair(index, known[index]);
  });
}

TEST(Propensity, OfThompsonSampling) { thompson_matches(false, 0); }
TEST(Propensity, OfThompsonSamplingByConversation) { thompson_matches(true, 0); }
TEST(Propensity, OfThompsonSamplingWithASwitchMargin) {
  thompson_matches(true, 0.05);
  thompson_matches(true, 0.3);
}

}  // namespace
}  // namespace fluxgate::policies
