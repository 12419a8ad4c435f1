#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fluxgate/base/random.hpp"
#include "fluxgate/routing/explain.hpp"
#include "routing_test_support.hpp"

namespace fluxgate::routing {
namespace {

using testing::asking;
using testing::order;
using testing::route;
using testing::table_of;
using testing::with;
using Names = testing::Names;

// A world that the test sets up; by target index.
class FakeView final : public api::LiveView {
 public:
  std::map<std::uint32_t, api::TargetStatus> statuses;
  double canary = 0;
  std::uint64_t turns = 0;

  api::TargetStatus status(std::uint32_t target) const override {
    const auto found = statuses.find(target);
    return found == statuses.end() ? api::TargetStatus{} : found->second;
  }
  api::QualityCell cell(std::uint32_t, std::uint16_t, std::uint32_t) const override { return {}; }
  std::uint64_t turn(std::uint32_t) const override { return turns; }
  double canary_share(std::uint32_t) const override { return canary; }
};

std::string matched(const RouteTable& table, const api::RequestFacts& facts) {
  const CompiledRoute* found = table.match(facts);
  return found == nullptr ? "" : found->config->name;
}

// ---- matching ------------------------------------------------------------------------------------------------------

TEST(Match, ConditionsComeBeforeNamesAndPrecedenceBeforeBoth) {
  auto secret = route("secret", {}, {"d"});
  secret.match.sensitivity = {"secret"};
  auto vision = route("vision", {"smart"}, {"a"});
  vision.match.needs = {"vision"};
  auto first = route("first", {"smart"}, {"b"});
  first.precedence = 5;
  first.match.headers = {{"x-team", "se*"}};
  auto last = route("last", {"*"}, {"c"});
  last.precedence = -1;
  const auto config = with({route("plain", {"smart"}, {"a"}), secret, vision, first, last});
  const RouteTable table = table_of(config, {{}, {"pii", "secret"}});
  ASSERT_EQ(table.header_conditions().size(), 1U);

  auto facts = asking("smart");
  EXPECT_EQ(matched(table, facts), "plain");
  facts.labels = 1;  // pii
  EXPECT_EQ(matched(table, facts), "plain");
  facts.labels = 2;  // secret
  EXPECT_EQ(matched(table, facts), "secret");
  facts.needs.add(api::Ability::kVision);
  EXPECT_EQ(matched(table, facts), "vision") << "an exact name beats any name among conditional routes";
  facts.header_matches = 1;
  EXPECT_EQ(matched(table, facts), "first");
  EXPECT_EQ(table.all_matches(facts).size(), 5U) << "all the others are known to the explanation";
  EXPECT_EQ(matched(table, asking("unheard")), "last") << "less than 0 comes after everything";
}

TEST(Match, TokensAndTasks) {
  auto large = route("large", {"m"}, {"a"});
  large.match.min_tokens = 1000;
  auto code = route("code", {"m"}, {"b"});
  code.match.tasks = {"code"};
  const auto config = with({large, code, route("rest", {"m"}, {"c"})});
  const RouteTable table = table_of(config, {{"chat", "code"}, {}});
  auto facts = asking("m");
  EXPECT_EQ(matched(table, facts), "rest");
  facts.input_tokens = 1000;
  EXPECT_EQ(matched(table, facts), "large");
  facts.input_tokens = 999;
  facts.tasks = {{1, 0.4F}};
  EXPECT_EQ(matched(table, facts), "rest") << "not sure enough";
  facts.tasks = {{1, 0.6F}};
  EXPECT_EQ(matched(table, facts), "code");
}

TEST(Match, NothingIsReadThatNoRouteNeeds) {
  const auto plain = with({route("r", {"m"}, {"a", "b"})});
  EXPECT_FALSE(table_of(plain).needed("m", 1000).reads_body());
  EXPECT_FALSE(table_of(plain).routes()[0].estimates);
  auto by_cost = route("c", {"c"}, {"a", "b"});
  by_cost.policy.order_by = config::OrderBy::kCost;
  auto private_ = route("p", {}, {"a"});
  private_.match.sensitivity = {"pii"};
  const auto config = with({by_cost, private_, route("r", {"m"}, {"a"})});
  const RouteTable table = table_of(config, {{}, {"pii"}});
  EXPECT_FALSE(table.needed("c", 1000).tokens) << "to compare, the size of the body will do";
  EXPECT_TRUE(table.routes()[0].estimates);
  EXPECT_TRUE(table.needed("m", 1000).labels) << "the conditional route might take it";

  auto windows = with({route("w", {"w"}, {"a", "b"})});
  windows.targets[0].context_window = 8000;
  EXPECT_FALSE(table_of(windows).needed("w", 3000).tokens) << "it fits whatever its tokens are";
  EXPECT_TRUE(table_of(windows).needed("w", 30000).tokens);
}

// ---- planning ------------------------------------------------------------------------------------------------------

TEST(Plan, TheContextThatFitsNobodySaysHowMuchWouldFit) {
  auto config = with({route("r", {"m"}, {"a", "b"})});
  config.targets[0].context_window = 8192;
  config.targets[1].context_window = 4096;
  config.routes[0].context.default_output = 1000;
  const RouteTable table = table_of(config);
  auto facts = asking("m");
  facts.input_tokens = 5000;
  EXPECT_EQ(order(config, *testing::plan(table, facts)), Names{"a"});
  facts.input_tokens = 9000;
  const auto plan = testing::plan(table, facts);
  EXPECT_TRUE(plan->candidates.empty());
  ASSERT_TRUE(plan->largest_fit);
  EXPECT_LE(*plan->largest_fit, 7192U);
  EXPECT_GE(*plan->largest_fit, 6900U) << "the margin for what counting misses";
}

TEST(Plan, WhenNobodyIsWellTheLeastBadAreAsked) {
  auto config = with({route("r", {"m"}, {"a", "b"}, {"c"})});
  config.targets[2].max_concurrency = 4;
  FakeView view;
  view.statuses[0].gate = api::Gate::kShut;
  view.statuses[1].gate = api::Gate::kCooling;
  view.statuses[2].pending = 4;
  view.statuses[2].concurrency = 4;
  view.statuses[2].hard_cap = 4;
  const RouteTable table = table_of(config);
  const auto plan = table.plan(asking("m"), view, 1);
  EXPECT_TRUE(plan->least_bad);
  EXPECT_EQ(order(config, *plan), (Names{"a", "b"})) << "a configured cap holds all the same";
  EXPECT_EQ(plan->candidates[0].chosen, api::ChosenBy::kLeastBad);

  view.statuses[1].gate = api::Gate::kOpen;
  const auto better = table.plan(asking("m"), view, 1);
  EXPECT_FALSE(better->least_bad);
  EXPECT_EQ(order(config, *better), Names{"b"});
  ASSERT_EQ(better->rejected.size(), 2U);
  EXPECT_EQ(reject_text(table, better->rejected[0]), "health:shut");
  EXPECT_EQ(reject_text(table, better->rejected[1]), "limit:concurrency:5/4");

  auto strict = config;
  strict.routes[0].on_exhausted = config::OnExhausted::kReject;
  view.statuses[1].gate = api::Gate::kCooling;
  EXPECT_TRUE(table_of(strict).plan(asking("m"), view, 1)->candidates.empty());
}

TEST(Plan, AnExperimentFallsBackOnTheRoutesOwnTargets) {
  auto config = with({route("r", {"m"}, {"a"}, {"e"})});
  config.routes[0].experiment = config::Experiment{};
  config.routes[0].experiment->name = "x";
  config.routes[0].experiment->variants = {{"b", 0.5, {"b"}, {}}};
  const RouteTable table = table_of(config);
  std::map<Names, int> seen;
  for (std::uint64_t session = 1; session <= 400; ++session) {
    auto facts = asking("m");
    facts.session = session * 0x9e3779b97f4a7c15ULL;
    const auto plan = testing::plan(table, facts, session);
    const auto again = testing::plan(table, facts, session + 1000);
    EXPECT_EQ(plan->variant, again->variant) << "sticky";
    ++seen[order(config, *plan)];
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NEAR(seen[(Names{"b", "a", "e"})], 200, 50);
  EXPECT_NEAR(seen[(Names{"a", "e"})], 200, 50);
}

TEST(Plan, TheCanaryGetsItsShare) {
  auto config = with({route("r", {"m"}, {"a"})});
  config.routes[0].canary = config::Canary{};
  config.routes[0].canary->targets = {"b"};
  const RouteTable table = table_of(config);
  FakeView view;
  view.canary = 0.25;
  int canaries = 0;
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    auto facts = asking("m");
    facts.session = i;
    const auto plan = table.plan(facts, view, i);
    canaries += plan->canary ? 1 : 0;
    EXPECT_EQ(order(config, *plan), plan->canary ? (Names{"b", "a"}) : Names{"a"});
  }
  EXPECT_NEAR(canaries, 500, 80);
}

TEST(Plan, SensitivityBindsEveryRouteAndEveryFallback) {
  auto config = with({route("r", {"m"}, {"a", "d"}, {"b", "e"})});
  config.sensitivity.require = {{"pii", {"eu"}}};
  const RouteTable table = table_of(config, {{}, {"pii", "secret"}});
  auto facts = asking("m");
  facts.labels = 2;
  EXPECT_EQ(order(config, *testing::plan(table, facts)), (Names{"a", "d", "b", "e"}));
  facts.labels = 1;
  EXPECT_EQ(order(config, *testing::plan(table, facts)), (Names{"d", "e"}));
}

// ---- explaining ----------------------------------------------------------------------------------------------------

config::Config random_config(Random& random) {
  static constexpr config::OrderBy kOrders[] = {config::OrderBy::kListed,  config::OrderBy::kCost,
                                                config::OrderBy::kLatency, config::OrderBy::kQuality,
                                                config::OrderBy::kWeighted, config::OrderBy::kAdaptive};
  static constexpr config::Balance kBalances[] = {
      config::Balance::kOrdered,          config::Balance::kWeighted, config::Balance::kRoundRobin,
      config::Balance::kLeastOutstanding, config::Balance::kP2c,      config::Balance::kSession, config::Balance::kPrefix};
  auto config = testing::base_config();
  for (config::Target& target : config.targets) {
    if (random.unit() < 0.7) target.price = config::Price{random.unit() * 5, random.unit() * 20, {}, {}};
    if (random.unit() < 0.5) target.quality = random.unit();
    if (random.unit() < 0.5) target.context_window = 1000 + random.next() % 20000;
    if (random.unit() < 0.3) target.abilities = {{"tools", random.unit() < 0.5}};
  }
  auto r = route("r", {"m"}, {"a", "b", "c", "d"}, {"e", "a"});
  r.policy.order_by = kOrders[random.next() % std::size(kOrders)];
  r.balance = kBalances[random.next() % std::size(kBalances)];
  r.policy.exploration = random.unit() * 0.5;
  if (random.unit() < 0.3) r.require.labels = {"eu"};
  if (random.unit() < 0.3) r.policy.max_cost = random.unit() * 0.01;
  config.routes = {r};
  return config;
}

FakeView random_view(Random& random) {
  FakeView view;
  for (std::uint32_t i = 0; i < 5; ++i) {
    api::TargetStatus& status = view.statuses[i];
    status.gate = random.unit() < 0.2 ? api::Gate::kShut : api::Gate::kOpen;
    status.samples = static_cast<std::uint32_t>(random.next() % 6);
    status.ttft = random.unit();
    status.pending = static_cast<std::uint32_t>(random.next() % 10);
    status.pending_tokens = random.next() % 10000;
  }
  view.turns = random.next() % 100;
  return view;
}

// What is explained is what is served: over random tables, worlds and requests, with the same seed.
TEST(Explain, PicksWhatServingPicks) {
  Random random(77);
  int with_candidates = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto config = random_config(random);
    const RouteTable table = table_of(config);
    const FakeView view = random_view(random);
    auto facts = asking("m");
    facts.input_tokens = static_cast<std::uint32_t>(random.next() % 15000);
    facts.session = random.next();
    facts.prefix = random.next() % 4;
    if (random.unit() < 0.3) facts.needs.add(api::Ability::kTools);
    const std::uint64_t seed = random.next();
    const auto served = table.plan(facts, view, seed);
    const auto explained = table.plan(facts, view, seed, true);
    ASSERT_EQ(order(config, *served), order(config, *explained)) << i;
    const std::string text = explain_json(table, {facts, view, explained, "r1"});
    if (served->candidates.empty()) continue;
    ++with_candidates;
    const std::string& pick = config.targets[served->candidates.front().target].name;
    EXPECT_NE(text.find("\"picked\":{\"target\":\"" + pick + "\""), std::string::npos) << text;
    // Nobody is both candidate and rejected, and nobody is missing.
    std::set<std::uint32_t> seen;
    for (const auto& candidate : served->candidates) EXPECT_TRUE(seen.insert(candidate.target).second);
    for (const auto& rejected : served->rejected) EXPECT_TRUE(seen.insert(rejected.target).second);
    EXPECT_EQ(seen.size(), 5U);
    EXPECT_GT(explained->candidates.front().propensity, 0);
  }
  EXPECT_GT(with_candidates, 1000);
}

TEST(Explain, WhyNot) {
  auto config = with({route("r", {"m"}, {"a", "b"})});
  config.routes[0].require.labels = {"eu"};
  config.routes[0].fallback = {"d"};
  const RouteTable table = table_of(config);
  const auto facts = asking("m");
  const api::QuietView view;
  const auto plan = testing::plan(table, facts);
  const Explained explained{facts, view, plan, "r1"};
  EXPECT_EQ(explain_why_not(table, explained, "a"), "a is ruled out: residency:label:eu");
  EXPECT_EQ(explain_why_not(table, explained, "d"), "d is the pick (fallback)");
  EXPECT_EQ(explain_why_not(table, explained, "e"), "e is not a target of route r");
  EXPECT_EQ(explain_why_not(table, explained, "nobody"), std::nullopt);
}

}  // namespace
}  // namespace fluxgate::routing
