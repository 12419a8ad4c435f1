#include "fluxgate/policies/estimates.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

// routing.md B: 8,000 tokens in, of which 0.9 x 0.75 cached, at 3, 0.3 and 15 dollars per million, 500 out: $0.016920.
TEST(Estimates, ExpectedMoneyOfTheReference) {
  World world;
  Option& option = world.add("a");
  world.traits_of(0).price = config::Price{3, 15, 0.3, {}};
  world.facts.input_tokens = 8000;
  option.status.cached_share = 0.9 * 0.75;
  option.status.output_median = 500;
  option.status.output_p95 = 2000;
  estimate(world.facts, world.rules, 1024, option);
  EXPECT_NEAR(option.estimate.usd, 0.016920, 1e-12);
  EXPECT_NEAR(option.estimate.usd_p95, 0.016920 + 1500 * 15e-6, 1e-12);
  EXPECT_EQ(option.estimate.input_tokens, 8000u);
  EXPECT_EQ(option.estimate.output_tokens, 500u);
}

TEST(Estimates, CachedInputCostsAsInputIfNothingElseIsSaid) {
  World world;
  Option& option = world.add("a");
  world.traits_of(0).price = config::Price{3, 15, {}, {}};
  world.facts.input_tokens = 1000;
  option.status.cached_share = 0.5;
  option.status.output_median = 100;
  estimate(world.facts, world.rules, 0, option);
  EXPECT_NEAR(option.estimate.usd, 1000 * 3e-6 + 100 * 15e-6, 1e-15);
}

TEST(Estimates, OutputTable) {
  struct Case {
    std::uint32_t input;
    double median, p95;
    std::optional<std::uint64_t> limit;
    std::uint64_t reserved;
    std::uint32_t output;
    double cautious;
  };
  const Case cases[] = {
      {4, 0, 0, {}, 1024, 16, 1024},         // at least 16
      {100, 0, 0, {}, 1024, 150, 1024},      // 1.5 x input
      {5000, 0, 0, {}, 512, 1024, 1024},     // at most 1,024, and the cautious one is never below
      {100, 0, 0, 20, 20, 20, 20},           // the request's limit
      {100, 300, 900, {}, 1024, 300, 900},   // learned
      {100, 300, 900, 400, 400, 300, 400},   // learned, within the limit
      {100, 300, 900, 200, 200, 200, 200},
  };
  for (const Case& each : cases) {
    World world;
    Option& option = world.add("a");
    world.traits_of(0).price = config::Price{0, 1, {}, {}};
    world.facts.input_tokens = each.input;
    world.facts.max_output_tokens = each.limit;
    option.status.output_median = each.median;
    option.status.output_p95 = each.p95;
    estimate(world.facts, world.rules, each.reserved, option);
    EXPECT_EQ(option.estimate.output_tokens, each.output) << each.input;
    EXPECT_NEAR(option.estimate.usd_p95 * 1e6, each.cautious, 1e-6) << each.input;
  }
}

TEST(Estimates, CalibrationAppliesToEstimatesOnly) {
  World world;
  Option& option = world.add("a");
  option.status.input_calibration = 1.2;
  world.facts.input_tokens = 1000;
  estimate(world.facts, world.rules, 0, option);
  EXPECT_EQ(option.estimate.input_tokens, 1200u);
  world.facts.tokens_exact = true;
  estimate(world.facts, world.rules, 0, option);
  EXPECT_EQ(option.estimate.input_tokens, 1000u);
}

TEST(Estimates, TimeGrowsWithTheUncachedPromptAndTheAnswer) {
  World world;
  Option& option = world.add("a");
  world.facts.input_tokens = 10000;
  option.status.ttft = 0.4;
  option.status.prefill = 1e-4;
  option.status.cached_share = 0.8;
  option.status.tpot = 0.02;
  option.status.output_median = 100;
  estimate(world.facts, world.rules, 0, option);
  EXPECT_NEAR(option.estimate.ttft, 0.4 + 0.2, 1e-12);
  EXPECT_NEAR(option.estimate.total, 0.6 + 2, 1e-12);
}

TEST(Estimates, UnknownStaysUnknown) {
  World world;
  Option& option = world.add("a");
  world.facts.input_tokens = 100;
  estimate(world.facts, world.rules, 100, option);
  EXPECT_TRUE(std::isnan(option.estimate.usd));  // no price: not free
  EXPECT_TRUE(std::isnan(option.estimate.usd_p95));
  EXPECT_TRUE(std::isnan(option.estimate.ttft));
  EXPECT_TRUE(std::isnan(option.estimate.total));
  EXPECT_TRUE(std::isnan(option.estimate.quality));
  option.status.ttft = 1;
  world.traits_of(0).price = config::Price{};
  estimate(world.facts, world.rules, 100, option);
  EXPECT_EQ(option.estimate.usd, 0);
  EXPECT_EQ(option.estimate.ttft, 1);
  EXPECT_TRUE(std::isnan(option.estimate.total));  // the time per token is not known
}

TEST(Estimates, APromptThatWasNotCountedHasNoPrice) {
  World world;
  Option& option = world.add("a");
  world.traits_of(0).price = config::Price{1, 1, {}, {}};
  estimate(world.facts, world.rules, 100, option);
  EXPECT_TRUE(std::isnan(option.estimate.usd));
}

TEST(Estimates, QualityTable) {
  struct Case {
    const char* what;
    std::vector<std::vector<double>> table;
    boost::container::small_vector<api::TaskGuess, 4> tasks;
    std::optional<double> operators;
    double expected;
  };
  const std::vector<Case> cases{
      {"nothing", {}, {}, {}, kNone},
      {"the operator's", {}, {}, 0.7, 0.7},
      {"the default row before the operator's", {{0.6}}, {{0, 1.0f}}, 0.7, 0.6},
      {"an empty default row", {{kNone}}, {}, 0.7, 0.7},
      {"the named task", {{0.6}, {0.9}, {0.3}}, {{1, 1.0f}}, 0.7, 0.3},
      {"a task without a value", {{0.6}, {kNone}}, {{0, 1.0f}}, {}, 0.6},
      {"nothing known of this task", {{kNone}, {kNone}}, {{0, 1.0f}}, {}, kNone},
      {"two guesses", {{0.6}, {0.9}, {0.3}}, {{0, 0.75f}, {1, 0.25f}}, {}, 0.75},
      {"the rest is the default", {{0.6}, {0.9}}, {{0, 0.5f}}, {}, 0.75},
      {"the rest is unknown", {{kNone}, {0.9}}, {{0, 0.5f}}, {}, 0.9},
      {"half is unknown", {{kNone}, {0.9}, {kNone}}, {{0, 0.5f}, {1, 0.5f}}, {}, 0.9},
      {"no task known", {{0.6}, {0.9}}, {}, {}, 0.6},
      {"a task beyond the table", {{0.6}, {0.9}}, {{7, 1.0f}}, {}, 0.6},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    World world;
    world.add("a");
    world.rules.quality = each.table;
    world.facts.tasks = each.tasks;
    world.traits_of(0).quality = each.operators;
    const double quality = expected_quality(world.facts, world.rules, world.traits_of(0));
    if (std::isnan(each.expected)) {
      EXPECT_TRUE(std::isnan(quality)) << quality;
    } else {
      EXPECT_NEAR(quality, each.expected, 1e-7);
    }
  }
}

}  // namespace
}  // namespace fluxgate::policies
