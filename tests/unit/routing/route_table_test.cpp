#include "fluxgate/routing/route_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace fluxgate::routing {
namespace {

using Names = std::vector<std::string>;

// Providers p (no labels), eu (labels eu) and safe (labels eu, zdr); targets a, b, c of p, d of eu, e of safe.
config::Config base_config() {
  config::Config config;
  const auto provider = [&](std::string name, Names labels) {
    config::Provider p;
    p.name = std::move(name);
    p.labels = std::move(labels);
    config.providers.push_back(std::move(p));
  };
  provider("p", {});
  provider("eu", {"eu"});
  provider("safe", {"zdr", "eu"});
  const auto target = [&](std::string name, std::string of, double weight) {
    config::Target t;
    t.name = std::move(name);
    t.provider = std::move(of);
    t.weight = weight;
    config.targets.push_back(std::move(t));
  };
  target("a", "p", 1);
  target("b", "p", 2);
  target("c", "p", 5);
  target("d", "eu", 1);
  target("e", "safe", 1);
  return config;
}

config::Route route(std::string name, Names models, Names targets, Names fallback = {}) {
  config::Route r;
  r.name = std::move(name);
  r.match.models = std::move(models);
  r.balance = config::Balance::kOrdered;
  r.targets = std::move(targets);
  r.fallback = std::move(fallback);
  return r;
}

config::Config with(std::vector<config::Route> routes) {
  auto config = base_config();
  config.routes = std::move(routes);
  return config;
}

api::RequestFacts asking(std::string_view model) {
  api::RequestFacts facts;
  facts.model = model;
  return facts;
}

Names order(const config::Config& config, const api::RoutePlan& plan) {
  Names names;
  for (const auto& candidate : plan.candidates) names.push_back(config.targets[candidate.target].name);
  return names;
}

TEST(RouteTable, MatchesExactThenWildcardsInOrderThenDefault) {
  auto fallback = route("default", {}, {"a"});
  fallback.match.is_default = true;
  const auto config = with({fallback, route("any-gpt", {"gpt-*"}, {"a"}), route("minis", {"*-mini", "gpt-9*"}, {"a"}),
                            route("exact", {"gpt-4o-mini", "other"}, {"a"})});
  const RouteTable table(config);
  const auto matched = [&](std::string_view model) { return table.match(model)->config->name; };
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
  const RouteTable table(config);
  EXPECT_EQ(table.match("unknown"), nullptr);
  Random random(1);
  const auto plan = table.plan(asking("unknown"), random);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kModelNotFound);
  EXPECT_EQ(plan.error().source, ErrorSource::kClient);
  EXPECT_EQ(plan.error().param, "model");
  EXPECT_NE(plan.error().message.find("'unknown'"), std::string::npos);
}

TEST(RouteTable, OrderedKeepsTheOrderOfTheFile) {
  const auto config = with({route("r", {"m"}, {"c", "a", "b"}, {"d", "e"})});
  const RouteTable table(config);
  Random random(1);
  const auto plan = table.plan(asking("m"), random);
  ASSERT_TRUE(plan);
  EXPECT_EQ(order(config, *plan), (Names{"c", "a", "b", "d", "e"}));
  EXPECT_EQ(plan->candidates[0].chosen, api::ChosenBy::kOrder);
  EXPECT_EQ(plan->candidates[0].propensity, 1);
  EXPECT_EQ(plan->candidates[3].chosen, api::ChosenBy::kFallback);
  EXPECT_EQ(Random(1).next(), random.next()) << "nothing was drawn";
}

TEST(RouteTable, CarriesTheBudget) {
  auto other = route("other", {"x"}, {"a"});
  auto r = route("r", {"m"}, {"a"});
  r.attempts.max = 7;
  r.retries = 2;
  const auto config = with({other, r});
  const RouteTable table(config);
  Random random(1);
  const auto plan = table.plan(asking("m"), random);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->route, 1U);
  EXPECT_EQ(plan->attempts->max, 7U);
  EXPECT_EQ(plan->tries_per_target, 3U);
  EXPECT_EQ(table.plan(asking("x"), random)->tries_per_target, 1U);
}

TEST(RouteTable, FallbacksThatAreTargetsAreNotRepeated) {
  const auto config = with({route("r", {"m"}, {"a", "b"}, {"b", "c", "a", "c"})});
  const RouteTable table(config);
  Random random(1);
  EXPECT_EQ(order(config, *table.plan(asking("m"), random)), (Names{"a", "b", "c"}));
}

TEST(RouteTable, WeightsDecideHowOftenEachComesFirst) {
  auto r = route("r", {"m"}, {"a", "b", "c"}, {"d"});
  r.balance = config::Balance::kWeighted;
  const auto config = with({r});
  const RouteTable table(config);
  Random random(2024);
  constexpr int kDraws = 40000;
  std::map<std::string, int> first;
  std::map<std::string, int> second_after_c;
  for (int i = 0; i < kDraws; ++i) {
    const auto plan = table.plan(asking("m"), random);
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
  const RouteTable table(config);
  std::set<Names> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random one(seed);
    Random two(seed);
    const Names names = order(config, *table.plan(asking("m"), one));
    EXPECT_EQ(order(config, *table.plan(asking("m"), two)), names) << seed;
    seen.insert(names);
  }
  EXPECT_GT(seen.size(), 10U) << "and seeds differ";
}

TEST(RouteTable, RequiredLabelsBindFallbacksToo) {
  auto r = route("r", {"m"}, {"a", "d", "e"}, {"b", "d"});
  r.require_labels = {"eu"};
  auto strict = route("strict", {"s"}, {"d"}, {"e"});
  strict.require_labels = {"eu", "zdr"};
  auto nobody = route("nobody", {"n"}, {"a"}, {"d", "e"});
  nobody.require_labels = {"moon"};
  const auto config = with({r, strict, nobody});
  const RouteTable table(config);
  Random random(1);
  const auto plan = table.plan(asking("m"), random);
  ASSERT_TRUE(plan);
  EXPECT_EQ(order(config, *plan), (Names{"d", "e"}));
  ASSERT_EQ(plan->rejected.size(), 2U);
  EXPECT_EQ(plan->rejected[0].target, 0U);
  EXPECT_EQ(plan->rejected[1].target, 1U);
  EXPECT_EQ(plan->rejected[0].code, api::RejectCode::kMissingLabel);
  EXPECT_EQ(order(config, *table.plan(asking("s"), random)), (Names{"e"}));
  const auto empty = table.plan(asking("n"), random);
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
