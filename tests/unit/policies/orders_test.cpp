#include "fluxgate/policies/orders.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

using config::OrderBy;

struct Row {
  std::string_view name;
  double usd = kNone;
  double total = kNone;
  double quality = kNone;
  std::uint64_t pending_tokens = 0;
  double ttft = kNone;
};

struct Case {
  const char* what;
  std::vector<Row> rows;
  const char* order;
  std::size_t equals;
  std::optional<double> near = {};
  double floor = 0;
};

void check(OrderBy order_by, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    World world;
    world.route.policy.order_by = order_by;
    world.route.policy.near = each.near;
    world.route.policy.quality_floor = each.floor;
    for (const Row& row : each.rows) {
      Option& option = world.add(row.name);
      option.estimate.usd = row.usd;
      option.estimate.total = row.total;
      option.estimate.ttft = row.ttft;
      option.estimate.quality = row.quality;
      option.status.pending_tokens = row.pending_tokens;
    }
    const Ordered ordered = order(world.order_input(), world.options, world.random);
    EXPECT_EQ(world.names(), each.order);
    EXPECT_EQ(ordered.equals, each.equals);
    EXPECT_EQ(ordered.propensity, 1);
    for (std::size_t i = 1; i < world.options.size(); ++i) {
      EXPECT_GE(world.options[i - 1].score, world.options[i].score);
    }
  }
}

TEST(OrderListed, AllAreEqualsInTheirOrder) {
  check(OrderBy::kListed, {{"three", {{"a", 3}, {"b", 1}, {"c", 2}}, "a b c", 3}, {"none", {}, "", 0}});
}

TEST(OrderCost, Table) {
  check(OrderBy::kCost,
        {{"the cheapest, no quality known", {{"a", 3}, {"b", 1}, {"c", 2}}, "b c a", 1},
         {"equal prices are equals", {{"a", 3}, {"b", 1}, {"c", 1}}, "b c a", 2},
         {"near is a share of the best", {{"a", 1.2}, {"b", 1}, {"c", 1.21}}, "b a c", 2, 0.2},
         {"free", {{"a", 1}, {"b", 0}, {"c", 0}}, "b c a", 2, 0.5},
         {"no price is not a low price", {{"a"}, {"b", 5}, {"c"}}, "b a c", 1},
         {"no price at all: by quality", {{"a", kNone, kNone, 0.5}, {"b", kNone, kNone, 0.9}}, "b a", 1},
         {"only those within the slack compete",
          {{"best", 9, kNone, 0.90}, {"near", 5, kNone, 0.85}, {"far", 1, kNone, 0.84}}, "near best far", 1},
         {"the rest stand behind, the best first",
          {{"x", 1, kNone, 0.2}, {"best", 9, kNone, 0.9}, {"y", 2, kNone, 0.4}}, "best y x", 1},
         {"without a price behind the rest", {{"x"}, {"y", 1, kNone, 0.1}, {"best", 9, kNone, 0.9}}, "best y x", 1},
         {"unknown quality counts as the median",
          {{"u", 1}, {"a", 5, kNone, 0.9}, {"b", 4, kNone, 0.88}, {"c", 3, kNone, 0.87}}, "u c b a", 1},
         {"and may be out by it", {{"u", 1}, {"a", 5, kNone, 0.9}, {"b", 4, kNone, 0.5}}, "a u b", 1},
         {"the floor binds over the slack", {{"a", 5, kNone, 0.9}, {"b", 4, kNone, 0.87}}, "a b", 1, {}, 0.88},
         {"the best without a price does not lead", {{"a", kNone, kNone, 0.9}, {"b", 4, kNone, 0.5}}, "b a", 1}});
}

TEST(OrderLatency, Table) {
  check(OrderBy::kLatency,
        {{"the fastest", {{"a", kNone, 3}, {"b", kNone, 1}, {"c", kNone, 2}}, "b c a", 1},
         {"within a tenth of the best", {{"a", kNone, 1.1}, {"b", kNone, 1}, {"c", kNone, 1.11}}, "b a c", 2},
         {"near as the route says", {{"a", kNone, 1.5}, {"b", kNone, 1}}, "b a", 2, 0.5},
         {"unknown stands at the median", {{"u"}, {"a", kNone, 3}, {"b", kNone, 1}, {"c", kNone, 2}}, "b u c a", 1},
         {"nobody is known", {{"a"}, {"b"}}, "a b", 2},
         {"load makes slow", {{"a", kNone, 1, kNone, 65536}, {"b", kNone, 1.5}}, "b a", 1},
         {"load decides where nothing is known", {{"a", kNone, kNone, kNone, 65536}, {"b"}}, "b a", 1},
         {"time to the first token alone",
          {{"a", kNone, kNone, kNone, 0, 0.9}, {"b", kNone, kNone, kNone, 0, 0.3}}, "b a", 1}});
}

// Its time per token is not known; at that of the others (0.01) it is the fastest.
TEST(OrderLatency, AMissingTimePerTokenIsTheMedianOfTheOthers) {
  World world;
  world.route.policy.order_by = OrderBy::kLatency;
  Option* option = &world.add("a");
  option->status.tpot = 0.01;
  option->estimate.ttft = 1;
  option->estimate.output_tokens = 100;
  option->estimate.total = 2;
  option = &world.add("b");
  option->estimate.ttft = 0.2;
  option->estimate.output_tokens = 100;
  order_by_latency(world.order_input(), world.options);
  EXPECT_EQ(world.names(), "b a");
  EXPECT_NEAR(world.options[0].score, -1.2, 1e-12);
}

TEST(OrderQuality, Table) {
  check(OrderBy::kQuality,
        {{"the best", {{"a", 1, 1, 0.5}, {"b", 1, 1, 0.9}, {"c", 1, 1, 0.7}}, "b c a", 1},
         {"within 0.02", {{"a", 1, 1, 0.88}, {"b", 1, 1, 0.9}, {"c", 1, 1, 0.87}}, "b a c", 2},
         {"unknown stands at the median", {{"u"}, {"a", 1, 1, 0.5}, {"b", 1, 1, 0.9}}, "b u a", 1},
         {"nothing is known", {{"a"}, {"b"}}, "a b", 2}});
}

// The example of routing.md 4.3: 0.62 x 0.4 + 0.80 x 0.2 + 1.0 x 0.2 + 0.5 x 0.2 = 0.708.
TEST(OrderWeighted, TheReferencesExample) {
  World world;
  world.route.policy.order_by = OrderBy::kWeighted;
  Option& option = world.add("a");
  option.estimate.quality = 0.62;
  option.estimate.ttft = 0.6;
  option.estimate.usd = 0;
  option.status.pending_tokens = 32768;
  order_by_weighted(world.order_input(), world.options);
  EXPECT_NEAR(option.terms.quality, 0.62, 1e-12);
  EXPECT_NEAR(option.terms.latency, 0.80, 1e-12);
  EXPECT_NEAR(option.terms.cost, 1, 1e-12);
  EXPECT_NEAR(option.terms.load, 0.5, 1e-12);
  EXPECT_NEAR(option.score, 0.708, 1e-12);
}

TEST(OrderWeighted, ScalesAreAbsolute) {
  struct Scale {
    double usd, ttft;
    std::uint32_t pending, concurrency;
    double cost, latency, load;
  };
  const Scale scales[] = {
      {1e-6, 0, 0, 0, 1, 1, 1},       {1e-5, 3, 0, 0, 1, 0, 1},        {1, 30, 0, 0, 0, 0, 1},
      {100, 1.5, 0, 0, 0, 0.5, 1},    {std::sqrt(1e-5), 0.3, 32, 0, 0.5, 0.9, 0}, {1e-3, 0, 2, 8, 0.6, 1, 0.75},
  };
  for (const Scale& scale : scales) {
    World world;
    Option& option = world.add("a");
    option.estimate.usd = scale.usd;
    option.estimate.ttft = scale.ttft;
    option.status.pending = scale.pending;
    option.status.concurrency = scale.concurrency;
    order_by_weighted(world.order_input(), world.options);
    EXPECT_NEAR(option.terms.cost, scale.cost, 1e-9) << scale.usd;
    EXPECT_NEAR(option.terms.latency, scale.latency, 1e-9) << scale.ttft;
    EXPECT_NEAR(option.terms.load, scale.load, 1e-9) << scale.pending;
  }
}

TEST(OrderWeighted, WhatIsMissingIsNeutralAndMarked) {
  World world;
  world.route.policy.weights = {1, 1, 1, 1};
  Option& option = world.add("a");
  order_by_weighted(world.order_input(), world.options);
  EXPECT_TRUE(std::isnan(option.terms.quality));
  EXPECT_TRUE(std::isnan(option.terms.latency));
  EXPECT_TRUE(std::isnan(option.terms.cost));
  EXPECT_NEAR(option.score, (0.5 + 0.5 + 0.5 + 1) / 4, 1e-12);
}

// Min-max over the candidates would fail this.
TEST(OrderWeighted, ADominatedCandidateNeverChangesTheOrderOfTheOthers) {
  Random random(11);
  for (int round = 0; round < 500; ++round) {
    World before;
    World after;
    static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e"};
    double worst[3] = {1, 0, 0};
    std::uint64_t most = 0;
    for (const std::string_view name : kNames) {
      api::Estimate estimate;
      estimate.quality = random.unit();
      estimate.ttft = random.unit() * 4;
      estimate.usd = std::pow(10, -6 * random.unit());
      worst[0] = std::min(worst[0], estimate.quality);
      worst[1] = std::max(worst[1], estimate.ttft);
      worst[2] = std::max(worst[2], estimate.usd);
      const auto pending = static_cast<std::uint64_t>(random.unit() * 80000);
      most = std::max(most, pending);
      for (World* world : {&before, &after}) {
        Option& option = world->add(name);
        option.estimate = estimate;
        option.status.pending_tokens = pending;
      }
    }
    Option& dominated = after.add("dominated");
    dominated.estimate.quality = worst[0] * 0.5;
    dominated.estimate.ttft = worst[1] * 2;
    dominated.estimate.usd = worst[2] * 2;
    dominated.status.pending_tokens = most * 2;
    const Ordered without = order_by_weighted(before.order_input(), before.options);
    const Ordered with = order_by_weighted(after.order_input(), after.options);
    EXPECT_EQ(before.names() + " dominated", after.names());
    EXPECT_EQ(without.equals, with.equals);
    for (std::size_t i = 0; i < before.options.size(); ++i) {
      EXPECT_EQ(before.options[i].score, after.options[i].score);
    }
  }
}

TEST(Orders, EqualScoresKeepTheOrderOfTheFile) {
  World world;
  world.route.policy.order_by = OrderBy::kQuality;
  static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
                                                "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) world.add(kNames[i]).estimate.quality = i % 2 == 0 ? 0.1 : 0.9;
  const Ordered ordered = order(world.order_input(), world.options, world.random);
  EXPECT_EQ(world.names(), "b d f h j l n p r t v x a c e g i k m o q s u w");
  EXPECT_EQ(ordered.equals, 12u);
}

TEST(Orders, DefaultNear) {
  EXPECT_EQ(default_near(OrderBy::kListed), 0);
  EXPECT_EQ(default_near(OrderBy::kCost), 0);
  EXPECT_EQ(default_near(OrderBy::kLatency), 0.10);
  EXPECT_EQ(default_near(OrderBy::kQuality), 0.02);
  EXPECT_EQ(default_near(OrderBy::kWeighted), 0.02);
  EXPECT_EQ(default_near(OrderBy::kAdaptive), 0);
}

}  // namespace
}  // namespace fluxgate::policies
