#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "policies/beta.hpp"
#include "policies/thompson.hpp"
#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments(Draw draw) {
  constexpr int kCount = 200000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kCount;
  return {mean, squares / kCount - mean * mean};
}

TEST(Draws, Normal) {
  Random random(1);
  Normals normals(random);
  const Moments found = moments([&] { return normals.next(); });
  EXPECT_NEAR(found.mean, 0, 0.01);
  EXPECT_NEAR(found.variance, 1, 0.015);
}

TEST(Draws, Gamma) {
  Random random(2);
  Normals normals(random);
  for (const double shape : {0.3, 1.0, 1.5, 4.0, 200.0}) {
    const Moments found = moments([&] { return draw_gamma(shape, random, normals); });
    EXPECT_NEAR(found.mean / shape, 1, 0.015) << shape;
    EXPECT_NEAR(found.variance / shape, 1, 0.03) << shape;
  }
}

TEST(Draws, Beta) {
  Random random(3);
  for (const auto& [a, b] : {std::pair{2.0, 2.0}, {2.6, 1.4}, {1.0, 3.0}, {0.5, 0.5}, {180.0, 20.0}}) {
    const Moments found = moments([&, alpha = a, beta = b] { return draw_beta(alpha, beta, random); });
    const double variance = a * b / ((a + b) * (a + b) * (a + b + 1));
    EXPECT_NEAR(found.mean, a / (a + b), 0.003) << a;
    EXPECT_NEAR(found.variance / variance, 1, 0.02) << a;
  }
}

// routing.md B: q .5 -> (2, 2), mean .5; .8 -> (2.6, 1.4), .65; .95 -> (2.9, 1.1), .725.
TEST(Posterior, PriorsOfTheReference) {
  struct Case {
    double quality, alpha, beta, mean;
  };
  for (const Case& each : {Case{0.5, 2, 2, 0.5}, Case{0.8, 2.6, 1.4, 0.65}, Case{0.95, 2.9, 1.1, 0.725}, Case{kNone, 2, 2, 0.5}}) {
    const Arm arm = posterior(each.quality, {});
    EXPECT_NEAR(arm.alpha, each.alpha, 1e-12);
    EXPECT_NEAR(arm.beta, each.beta, 1e-12);
    EXPECT_NEAR(arm.mean(), each.mean, 1e-12);
  }
  api::QualityCell cell;
  cell.good = 10;
  cell.underpowered = 5;
  const Arm arm = posterior(0.5, cell);
  EXPECT_NEAR(arm.alpha, 12, 1e-12);
  EXPECT_NEAR(arm.beta, 7, 1e-12);
}

TEST(ChanceOfWinning, ClosedForms) {
  const Arms alike{{2, 3, 0}, {2, 3, 0}, {2, 3, 0}, {2, 3, 0}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(chance_of_winning(alike, i, 0), 0.25, 1e-4);
    EXPECT_NEAR(chance_of_winning(alike, i, 0.2), 0.25, 1e-4);
  }
  // P(Beta(2,1) > Beta(1,1)): the mean of Beta(2,1).
  EXPECT_NEAR(chance_of_winning({{2, 1, 0}, {1, 1, 0}}, 0, 0), 2.0 / 3, 1e-3);
  // Two uniform draws, the second 0.5 lower: it wins with 1/8.
  EXPECT_NEAR(chance_of_winning({{1, 1, 0}, {1, 1, 0.5}}, 1, 0), 0.125, 2e-3);
  // A margin that includes everybody makes a fair draw.
  EXPECT_NEAR(chance_of_winning({{90, 10, 0}, {10, 90, 0}, {1, 1, 0}}, 1, 5), 1.0 / 3, 1e-3);
  EXPECT_EQ(chance_of_winning({{190, 10, 0}, {10, 190, 0}}, 1, 0), kLeastChance);
  EXPECT_EQ(chance_of_winning({{3, 1, 0}}, 0, 0), 1);
}

struct Learned : World {
  Learned() {
    route.policy.order_by = config::OrderBy::kAdaptive;
    for (const std::string_view name : {"a", "b", "c", "d"}) add(name);
  }
  std::string_view first(std::uint64_t session, Random& from) {
    facts.session = session;
    Options saved = options;
    order_by_adaptive(order_input(), options, from);
    const std::string_view name = options[0].traits->name;
    options = std::move(saved);
    return name;
  }
};

TEST(OrderAdaptive, LearnsWhatIsGood) {
  Learned world;
  // The truth: b is right in 90 % of cases, the others in 60 %. Conversations come, one after the other.
  int late = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string_view name = world.first(world.random.next(), world.random);
    const auto index = static_cast<std::size_t>(name[0] - 'a');
    const bool good = world.random.unit() < (name == "b" ? 0.9 : 0.6);
    (good ? world.options[index].cell.good : world.options[index].cell.underpowered) += 1;
    if (i >= 2000 && name == "b") ++late;
  }
  EXPECT_GT(late, 850);
  for (const Option& option : world.options) EXPECT_GT(option.cell.observations(), 3) << option.traits->name;
}

TEST(OrderAdaptive, AConversationStaysWhereItIsWhateverTheSeed) {
  Learned world;
  std::map<std::string_view, int> seen;
  for (std::uint64_t session = 1; session <= 400; ++session) {
    Random one(session);
    Random two(session + 1000);
    const std::string_view name = world.first(session, one);
    EXPECT_EQ(world.first(session, two), name);
    world.facts.tool_loop = true;  // a tool loop goes the same way
    EXPECT_EQ(world.first(session, two), name);
    world.facts.tool_loop = false;
    ++seen[name];
  }
  EXPECT_EQ(seen.size(), 4u);  // conversations explore
  for (const auto& [name, count] : seen) EXPECT_NEAR(count, 100, 45) << name;
}

// Feedback that comes while conversations run moves few of them; a collapse of their target moves all of them.
TEST(OrderAdaptive, OnlyAClearLeadMovesAConversation) {
  Learned world;
  for (Option& option : world.options) {
    option.cell.good = 80;
    option.cell.underpowered = 20;
  }
  std::map<std::uint64_t, std::string_view> before;
  for (std::uint64_t session = 1; session <= 1000; ++session) before[session] = world.first(session, world.random);
  world.options[0].cell.good += 1;
  world.options[2].cell.underpowered += 1;
  int moved = 0;
  for (const auto& [session, name] : before) moved += world.first(session, world.random) != name ? 1 : 0;
  EXPECT_LT(moved, 150);
  world.options[1].cell.underpowered += 100;
  for (const auto& [session, name] : before) {
    if (name != "b") continue;
    EXPECT_NE(world.first(session, world.random), "b");
  }
}

TEST(OrderAdaptive, ATargetThatLeavesMovesItsOwnConversationsOnly) {
  Learned world;
  world.route.policy.switch_margin = 1;  // all are near: the hash alone decides
  Learned without;
  without.route.policy.switch_margin = 1;
  without.options.erase(without.options.begin() + 2);
  for (std::uint64_t session = 1; session <= 500; ++session) {
    const std::string_view name = world.first(session, world.random);
    const std::string_view then = without.first(session, without.random);
    if (name != "c") {
      EXPECT_EQ(then, name);
    }
  }
}

TEST(OrderAdaptive, AToolLoopWithoutASessionDrawsNothing) {
  Learned world;
  world.facts.tool_loop = true;
  world.options[1].cell.good = 5;
  for (int i = 0; i < 200; ++i) {
    Options options = world.options;
    const std::uint64_t state = Random(world.random).next();
    const Ordered ordered = order_by_adaptive(world.order_input(), options, world.random);
    EXPECT_EQ(options[0].traits->name, "b");
    EXPECT_EQ(ordered.propensity, 1);
    EXPECT_EQ(Random(world.random).next(), state);
  }
}

TEST(OrderAdaptive, SaysWhenTheIncumbentServes) {
  Learned world;
  world.facts.session = 5;
  world.facts.user_turns = 1;
  EXPECT_EQ(order_by_adaptive(world.order_input(), world.options, world.random).chosen, api::ChosenBy::kRank);
  world.facts.user_turns = 2;
  EXPECT_EQ(order_by_adaptive(world.order_input(), world.options, world.random).chosen, api::ChosenBy::kIncumbent);
  world.route.policy.sticky = false;
  EXPECT_EQ(order_by_adaptive(world.order_input(), world.options, world.random).chosen, api::ChosenBy::kRank);
}

// Equal posteriors far above noise: the penalties decide. The means are compared, so nothing is drawn.
TEST(OrderAdaptive, PenaltiesTable) {
  struct Case {
    const char* what;
    void (*worse)(Option&);
    double penalty;
  };
  const Case cases[] = {
      {"money", [](Option& o) { o.estimate.usd = 0.02; }, 0.04 - 0.02},
      {"no price is the dearest", [](Option& o) { o.estimate.usd = kNone; }, 0.04 - 0.04},
      {"waste", [](Option& o) { o.cell.overprovisioned = 1; }, 0.03 / 12},
      {"failures", [](Option& o) { o.cell.failed = 1; }, 0.10 / 12},
      {"time", [](Option& o) { o.cell.latency = 0.5; }, 0.01},
      {"a cold cache", [](Option& o) { o.status.cached_share = -1; }, 0},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    World world;
    world.facts.tool_loop = true;
    for (const std::string_view name : {"worse", "better"}) {
      Option& option = world.add(name);
      option.cell.good = 8;
      option.cell.underpowered = 2;
      option.estimate.usd = 0.01;
    }
    each.worse(world.options[0]);
    order_by_adaptive(world.order_input(), world.options, world.random);
    const bool second = world.options[0].traits->name == "better";
    EXPECT_EQ(second, each.penalty > 0);
    EXPECT_NEAR(world.options[0].score - world.options[1].score, each.penalty, 1e-12);
  }
}

TEST(OrderAdaptive, AWarmCacheIsWorthTwoPoints) {
  World world;
  world.facts.tool_loop = true;
  world.add("cold");
  world.add("warm").status.cached_share = 1;
  order_by_adaptive(world.order_input(), world.options, world.random);
  EXPECT_EQ(world.names(), "warm cold");
  EXPECT_NEAR(world.options[0].score - world.options[1].score, 0.02, 1e-12);
}

}  // namespace
}  // namespace fluxgate::policies
