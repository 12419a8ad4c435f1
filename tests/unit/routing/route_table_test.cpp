#include "fluxgate/routing/route_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "routing_test_support.hpp"

namespace fluxgate::routing {
namespace {

using testing::asking;
using testing::order;
using testing::route;
using testing::table_of;
using testing::with;
using Names = testing::Names;

TEST(RouteTable, MatchesExactThenWildcardsInOrderThenDefault) {
  auto fallback = route("default", {}, {"a"});
  fallback.match.is_default = true;
  const auto config = with({fallback, route("any-gpt", {"gpt-*"}, {"a"}), route("minis", {"*-mini", "gpt-9*"}, {"a"}),
                            route("exact", {"gpt-4o-mini", "other"}, {"a"})});
  const RouteTable table = table_of(config);
  const auto matched = [&](std::string_view model) { return table.match(asking(model))->config->name; };
  EXPECT_EQ(matched("gpt-4o-mini"), "exact") << "exact wins wherever it stands";
  EXPECT_EQ(matched("other"), "exact");
  EXPECT_EQ(matched("gpt-5-mini"), "any-gpt") << "the first wildcard of the file";
  EXPECT_EQ(matched("gpt-99"), "any-gpt");
  EXPECT_EQ(matched("phi-mini"), "minis");
  EXPECT_EQ(matched("llama"), "default");
  EXPECT_EQ(matched(""), "default");
  EXPECT_EQ(matched("GPT-4O-MINI"), "default") << "names are case-sensitive";
}

TEST(RouteTable, WithoutADefaultAnUnknownModelIsAnError) {
  const auto config = with({route("r", {"known"}, {"a"})});
  const RouteTable table = table_of(config);
  EXPECT_EQ(table.match(asking("unknown")), nullptr);
  const auto plan = testing::plan(table, asking("unknown"));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kModelNotFound);
  EXPECT_EQ(plan.error().source, ErrorSource::kClient);
  EXPECT_EQ(plan.error().param, "model");
  EXPECT_NE(plan.error().message.find("'unknown'"), std::string::npos);
}

TEST(RouteTable, OrderedKeepsTheOrderOfTheFile) {
  const auto config = with({route("r", {"m"}, {"c", "a", "b"}, {"d", "e"})});
  const RouteTable table = table_of(config);
  const auto plan = testing::plan(table, asking("m"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(order(config, *plan), (Names{"c", "a", "b", "d", "e"}));
  EXPECT_EQ(plan->candidates[0].chosen, api::ChosenBy::kOrder);
  EXPECT_EQ(plan->candidates[0].propensity, 1);
  EXPECT_EQ(plan->candidates[3].chosen, api::ChosenBy::kFallback);
}

TEST(RouteTable, CarriesTheBudget) {
  auto other = route("other", {"x"}, {"a"});
  auto r = route("r", {"m"}, {"a"});
  r.attempts.max = 7;
  r.retries = 2;
  const auto config = with({other, r});
  const RouteTable table = table_of(config);
  const auto plan = testing::plan(table, asking("m"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->route, 1U);
  EXPECT_EQ(plan->attempts->max, 7U);
  EXPECT_EQ(plan->tries_per_target, 3U);
  EXPECT_EQ(testing::plan(table, asking("x"))->tries_per_target, 1U);
}

TEST(RouteTable, FallbacksThatAreTargetsAreNotRepeated) {
  const auto config = with({route("r", {"m"}, {"a", "b"}, {"b", "c", "a", "c"})});
  const RouteTable table = table_of(config);
  EXPECT_EQ(order(config, *testing::plan(table, asking("m"))), (Names{"a", "b", "c"}));
}

TEST(RouteTable, WeightsDecideHowOftenEachComesFirst) {
  auto r = route("r", {"m"}, {"a", "b", "c"}, {"d"});
  r.balance = config::Balance::kWeighted;
  const auto config = with({r});
  const RouteTable table = table_of(config);
  constexpr int kDraws = 40000;
  std::map<std::string, int> first;
  std::map<std::string, int> second_after_c;
  for (int i = 0; i < kDraws; ++i) {
    const auto plan = testing::plan(table, asking("m"), static_cast<std::uint64_t>(i));
    const Names names = order(config, *plan);
    ASSERT_EQ(names.size(), 4U);
    EXPECT_EQ(names[3], "d") << "fallbacks are not drawn";
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 4U);
    ++first[names[0]];
    if (names[0] == "c") ++second_after_c[names[1]];
    EXPECT_DOUBLE_EQ(plan->candidates[0].propensity, config.targets[plan->candidates[0].target].weight / 8);
    EXPECT_EQ(plan->candidates[0].chosen, api::ChosenBy::kWeight);
  }
  EXPECT_NEAR(first["a"], kDraws / 8.0, kDraws * 0.01);
  EXPECT_NEAR(first["b"], kDraws / 4.0, kDraws * 0.01);
  EXPECT_NEAR(first["c"], kDraws * 5 / 8.0, kDraws * 0.01);
  EXPECT_NEAR(second_after_c["b"], first["c"] * 2 / 3.0, kDraws * 0.015) << "drawn from what is left";
}

TEST(RouteTable, APlanIsAFunctionOfTheSeed) {
  auto r = route("r", {"m"}, {"a", "b", "c", "d", "e"});
  r.balance = config::Balance::kWeighted;
  const auto config = with({r});
  const RouteTable table = table_of(config);
  std::set<Names> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Names names = order(config, *testing::plan(table, asking("m"), seed));
    EXPECT_EQ(order(config, *testing::plan(table, asking("m"), seed)), names) << seed;
    seen.insert(names);
  }
  EXPECT_GT(seen.size(), 10U) << "and seeds differ";
}

TEST(RouteTable, RequiredLabelsBindFallbacksToo) {
  auto r = route("r", {"m"}, {"a", "d", "e"}, {"b", "d"});
  r.require.labels = {"eu"};
  auto strict = route("strict", {"s"}, {"d"}, {"e"});
  strict.require.labels = {"eu", "zdr"};
  auto nobody = route("nobody", {"n"}, {"a"}, {"d", "e"});
  nobody.require.labels = {"moon"};
  const auto config = with({r, strict, nobody});
  const RouteTable table = table_of(config);
  const auto plan = testing::plan(table, asking("m"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(order(config, *plan), (Names{"d", "e"}));
  ASSERT_EQ(plan->rejected.size(), 2U);
  EXPECT_EQ(plan->rejected[0].target, 0U);
  EXPECT_EQ(plan->rejected[1].target, 1U);
  EXPECT_EQ(plan->rejected[0].code, api::RejectCode::kMissingLabel);
  EXPECT_EQ(order(config, *testing::plan(table, asking("s"))), (Names{"e"}));
  const auto empty = testing::plan(table, asking("n"));
  ASSERT_TRUE(empty) << "a plan without candidates says why";
  EXPECT_TRUE(empty->candidates.empty());
  EXPECT_EQ(empty->rejected.size(), 3U);
}

TEST(RouteTable, CodesHaveNames) {
  EXPECT_EQ(api::to_string(api::ChosenBy::kOrder), "order");
  EXPECT_EQ(api::to_string(api::ChosenBy::kWeight), "weight");
  EXPECT_EQ(api::to_string(api::ChosenBy::kFallback), "fallback");
  EXPECT_EQ(api::to_string(api::RejectCode::kMissingLabel), "residency:label");
}

}  // namespace
}  // namespace fluxgate::routing
