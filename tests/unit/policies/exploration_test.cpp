#include "fluxgate/policies/exploration.hpp"

#include <gtest/gtest.h>

#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

using config::OrderBy;

struct Row {
  const char* what;
  OrderBy order_by = OrderBy::kLatency;
  double exploration = 1;
  bool tool_loop = false;
  bool stale = false;
  std::uint32_t samples = 3;
  api::Gate gate = api::Gate::kOpen;
  bool priced = true;
  bool explores = false;
};

TEST(Exploration, Table) {
  const Row rows[] = {
      {.what = "all are well known"},
      {.what = "stale", .stale = true, .explores = true},
      {.what = "unproven", .samples = 2, .explores = true},
      {.what = "recovering", .gate = api::Gate::kProbation, .explores = true},
      {.what = "off", .exploration = 0, .stale = true},
      {.what = "in a tool loop", .tool_loop = true, .stale = true},
      {.what = "all are equals anyhow", .order_by = OrderBy::kListed, .stale = true},
      {.what = "adaptive explores itself", .order_by = OrderBy::kAdaptive, .stale = true},
      {.what = "cost", .order_by = OrderBy::kCost, .stale = true, .explores = true},
      {.what = "cost, never without a price", .order_by = OrderBy::kCost, .stale = true, .priced = false},
      {.what = "quality, without a price", .order_by = OrderBy::kQuality, .stale = true, .priced = false, .explores = true},
      {.what = "weighted", .order_by = OrderBy::kWeighted, .stale = true, .explores = true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    World world;
    world.route.policy.order_by = row.order_by;
    world.route.policy.exploration = row.exploration;
    world.facts.tool_loop = row.tool_loop;
    world.add("known").status.samples = 100;
    Option& option = world.add("it");
    option.status.stale = row.stale;
    option.status.samples = row.samples;
    option.status.gate = row.gate;
    if (row.priced) option.estimate.usd = 0.1;
    const Exploration tried = explore(world.order_input(), world.equals(), world.random);
    EXPECT_EQ(tried.index.has_value(), row.explores);
    EXPECT_EQ(tried.chance, row.explores ? 1 : 0);
    if (tried.index) {
      EXPECT_EQ(*tried.index, 1u);
    }
  }
}

TEST(Exploration, NotWhereThePlannerForbidsIt) {
  World world;
  world.route.policy.order_by = OrderBy::kLatency;
  world.route.policy.exploration = 1;
  world.add("a");
  world.add("b");
  OrderInput input = world.order_input();
  EXPECT_TRUE(explore(input, world.equals(), world.random).index);
  input.may_explore = false;
  EXPECT_FALSE(explore(input, world.equals(), world.random).index);
}

TEST(Exploration, HappensAsOftenAsThePolicySays) {
  World world;
  world.route.policy.order_by = OrderBy::kLatency;
  ASSERT_EQ(world.route.policy.exploration, 0.01);
  for (const std::string_view name : {"a", "b", "c"}) world.add(name).status.samples = name == "a" ? 9 : 0;
  int count[3] = {};
  for (int i = 0; i < 100000; ++i) {
    const Exploration tried = explore(world.order_input(), world.equals(), world.random);
    if (tried.index) ++count[*tried.index];
  }
  EXPECT_EQ(count[0], 0);
  EXPECT_NEAR(count[1], 500, 100);
  EXPECT_NEAR(count[2], 500, 100);
}

TEST(Exploration, FirstOfAdaptiveIsWhatTheOrderDrew) {
  World world;
  world.route.policy.order_by = OrderBy::kAdaptive;
  world.add("a");
  world.add("b");
  const Ordered ordered{1, 0.25, api::ChosenBy::kIncumbent};
  const Pick pick = pick_first(world.order_input(), ordered, config::Balance::kP2c, world.balance_input(), world.equals(),
                               world.random);
  EXPECT_EQ(pick.index, 0u);
  EXPECT_EQ(pick.propensity, 0.25);
  EXPECT_EQ(pick.chosen, api::ChosenBy::kIncumbent);
}

TEST(Exploration, SaysSo) {
  World world;
  world.route.policy.order_by = OrderBy::kLatency;
  world.route.policy.exploration = 1;
  world.add("a").status.samples = 9;
  world.add("b");
  const Pick pick = pick_first(world.order_input(), {1}, config::Balance::kP2c, world.balance_input(), world.equals(),
                               world.random);
  EXPECT_EQ(pick.index, 1u);
  EXPECT_EQ(pick.propensity, 1);
  EXPECT_EQ(pick.chosen, api::ChosenBy::kExplore);
}

}  // namespace
}  // namespace fluxgate::policies
