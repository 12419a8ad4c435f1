#include "fluxgate/policies/balances.hpp"

#include <gtest/gtest.h>

#include <map>

#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

using config::Balance;

std::string turns(World& world, std::uint64_t from, std::uint64_t count) {
  std::string text;
  for (std::uint64_t turn = from; turn < from + count; ++turn) {
    text += world.options[balance_round_robin(world.balance_input(turn), world.equals()).index].traits->name;
  }
  return text;
}

std::map<std::string_view, double> shares(World& world, std::uint64_t count) {
  std::map<std::string_view, double> result;
  for (std::uint64_t turn = 0; turn < count; ++turn) {
    const Pick pick = balance_round_robin(world.balance_input(turn), world.equals());
    result[world.options[pick.index].traits->name] += 1 / static_cast<double>(count);
  }
  return result;
}

TEST(BalanceOrdered, TheFirst) {
  World world;
  world.add("a");
  world.add("b");
  const Pick pick = balance_ordered(world.balance_input(), world.equals());
  EXPECT_EQ(pick.index, 0u);
  EXPECT_EQ(pick.propensity, 1);
  EXPECT_EQ(pick.chosen, api::ChosenBy::kOrder);
}

TEST(BalanceRoundRobin, SmoothTable) {
  struct Case {
    std::vector<double> weights;
    const char* cycle;
  };
  for (const Case& each : {Case{{5, 1, 1}, "aabacaa"}, Case{{50, 10, 10}, "aabacaa"}, Case{{1, 1, 1}, "abc"},
                           Case{{0.3, 0.3, 0.3}, "abc"}, Case{{3, 2}, "ababa"}, Case{{1, 2, 3}, "cbacbc"}}) {
    World world;
    static constexpr std::string_view kNames[] = {"a", "b", "c"};
    for (std::size_t i = 0; i < each.weights.size(); ++i) world.add(kNames[i], each.weights[i]);
    const std::string cycle = each.cycle;
    EXPECT_EQ(turns(world, 0, cycle.size()), cycle);
    EXPECT_EQ(turns(world, cycle.size() * 1000, cycle.size()), cycle);  // the same turn, the same pick
  }
}

TEST(BalanceRoundRobin, OddWeightsKeepTheirSharesAndNobodyWaitsLong) {
  World world;
  world.add("a", 0.5);
  world.add("b", 1.25);
  world.add("c", 97.3);
  world.add("d", 12.1);
  const auto share = shares(world, 20000);
  const double total = 0.5 + 1.25 + 97.3 + 12.1;
  EXPECT_NEAR(share.at("a"), 0.5 / total, 0.001);
  EXPECT_NEAR(share.at("b"), 1.25 / total, 0.001);
  EXPECT_NEAR(share.at("c"), 97.3 / total, 0.001);
  EXPECT_NEAR(share.at("d"), 12.1 / total, 0.001);
  std::uint64_t last = 0;
  for (std::uint64_t turn = 0; turn < 20000; ++turn) {
    if (world.options[balance_round_robin(world.balance_input(turn), world.equals()).index].traits->name != "d") continue;
    EXPECT_LE(turn - last, 3 * static_cast<std::uint64_t>(total / 12.1)) << turn;
    last = turn;
  }
}

TEST(BalanceRoundRobin, LargeWholeWeights) {
  World world;
  world.add("a", 999983);
  world.add("b", 500009);
  const auto share = shares(world, 10000);
  EXPECT_NEAR(share.at("a"), 2.0 / 3, 0.002);
}

// A ranking that swaps two equals every time must not give one of them all the turns.
TEST(BalanceRoundRobin, GoesByTheConfigurationAndNotByTheRanking) {
  World world;
  world.add("a");
  world.add("b");
  std::string text;
  for (std::uint64_t turn = 0; turn < 6; ++turn) {
    text += world.options[balance_round_robin(world.balance_input(turn), world.equals()).index].traits->name;
    std::swap(world.options[0], world.options[1]);
  }
  EXPECT_EQ(text, "ababab");
}

TEST(BalanceLeastOutstanding, Table) {
  struct Case {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> load;  // tokens, requests
    std::vector<std::size_t> may;
  };
  const Case cases[] = {
      {{{100, 9}, {50, 20}, {70, 1}}, {1}},
      {{{0, 0}, {0, 0}, {10, 1}}, {0, 1}},
      {{{0, 2}, {0, 1}}, {1}},  // no tokens are counted: requests
      {{{7, 1}, {7, 1}, {7, 1}}, {0, 1, 2}},
  };
  static constexpr std::string_view kNames[] = {"a", "b", "c"};
  for (const Case& each : cases) {
    World world;
    for (std::size_t i = 0; i < each.load.size(); ++i) {
      Option& option = world.add(kNames[i]);
      option.status.pending_tokens = each.load[i].first;
      option.status.pending = each.load[i].second;
    }
    std::map<std::size_t, int> seen;
    for (int i = 0; i < 200; ++i) {
      const Pick pick = balance_least_outstanding(world.balance_input(), world.equals(), world.random);
      EXPECT_EQ(pick.propensity, 1.0 / static_cast<double>(each.may.size()));
      ++seen[pick.index];
    }
    EXPECT_EQ(seen.size(), each.may.size());
    for (const std::size_t index : each.may) EXPECT_GT(seen[index], 0);
  }
}

TEST(BalanceLeastOutstanding, EqualTargetsStayWithinFivePercentOfEven) {
  World world;
  for (const std::string_view name : {"a", "b", "c", "d"}) world.add(name);
  std::vector<double> total(4);
  std::vector<std::pair<std::size_t, std::uint64_t>> flying;
  for (int i = 0; i < 20000; ++i) {
    const std::size_t index = balance_least_outstanding(world.balance_input(), world.equals(), world.random).index;
    const std::uint64_t tokens = 10 + world.random.next() % 5000;
    world.options[index].status.pending_tokens += tokens;
    total[index] += static_cast<double>(tokens);
    flying.emplace_back(index, tokens);
    if (flying.size() < 40) continue;
    const std::size_t ends = world.random.next() % flying.size();
    world.options[flying[ends].first].status.pending_tokens -= flying[ends].second;
    flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(ends));
  }
  const double mean = (total[0] + total[1] + total[2] + total[3]) / 4;
  for (const double each : total) EXPECT_NEAR(each / mean, 1, 0.05);
}

TEST(BalanceP2c, SmallPoolsDrawAmongThoseNearTheBest) {
  World world;
  world.add("a").estimate.total = 1.05;
  world.add("b").estimate.total = 1.0;
  world.add("c").estimate.total = 1.2;
  std::map<std::size_t, int> seen;
  for (int i = 0; i < 1000; ++i) {
    const Pick pick = balance_p2c(world.balance_input(), world.equals(), world.random);
    EXPECT_EQ(pick.propensity, 0.5);
    ++seen[pick.index];
  }
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_NEAR(seen[0], 500, 80);
}

TEST(BalanceP2c, TheWorstIsDrawnTwiceNowAndThen) {
  World world;
  static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e"};
  for (std::size_t i = 0; i < 5; ++i) world.add(kNames[i]).estimate.total = static_cast<double>(i + 1);
  const double expected[] = {9.0 / 25, 7.0 / 25, 5.0 / 25, 3.0 / 25, 1.0 / 25};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(chance(Balance::kP2c, world.balance_input(), world.equals(), i), expected[i], 1e-12);
  }
}

TEST(BalanceP2c, TiesAreShared) {
  World world;
  for (const std::string_view name : {"a", "b", "c", "d"}) world.add(name);  // nothing known of any
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(chance(Balance::kP2c, world.balance_input(), world.equals(), i), 0.25, 1e-12);
  }
}

TEST(BalanceSession, StaysAndMovesOnlyWhatItMust) {
  World world;
  for (const std::string_view name : {"a", "b", "c", "d"}) world.add(name);
  World without;  // the same targets, "c" gone
  for (const std::string_view name : {"a", "b", "d"}) without.add(name);
  int moved = 0;
  for (std::uint64_t session = 1; session <= 4000; ++session) {
    world.facts.session = without.facts.session = mix(session, 1);
    const Pick pick = balance_session(world.balance_input(), world.equals(), world.random);
    EXPECT_EQ(pick.index, balance_session(world.balance_input(), world.equals(), world.random).index);
    EXPECT_EQ(pick.chosen, api::ChosenBy::kSession);
    const std::string_view before = world.options[pick.index].traits->name;
    const Pick then = balance_session(without.balance_input(), without.equals(), without.random);
    const std::string_view after = without.options[then.index].traits->name;
    if (before == "c") {
      ++moved;
    } else {
      EXPECT_EQ(before, after);
    }
  }
  EXPECT_NEAR(moved, 1000, 150);
}

TEST(BalanceSession, RankingDoesNotMatter) {
  World world;
  for (const std::string_view name : {"a", "b", "c"}) world.add(name, name == "a" ? 3 : 1);
  for (std::uint64_t session = 1; session <= 300; ++session) {
    world.facts.session = session;
    const auto name = [&] {
      return world.options[balance_session(world.balance_input(), world.equals(), world.random).index].traits->name;
    };
    const std::string_view before = name();
    std::swap(world.options[0], world.options[2]);
    EXPECT_EQ(name(), before);
  }
}

TEST(BalanceSession, WithoutASessionLikeWeighted) {
  World world;
  world.add("a", 3);
  world.add("b", 1);
  Random same(5);
  Random other(5);
  for (int i = 0; i < 100; ++i) {
    const Pick one = balance_session(world.balance_input(), world.equals(), same);
    const Pick two = balance_weighted(world.balance_input(), world.equals(), other);
    EXPECT_EQ(one.index, two.index);
    EXPECT_EQ(one.chosen, api::ChosenBy::kWeight);
  }
}

struct PrefixWorld : World {
  PrefixWorld() {
    for (const std::string_view name : {"a", "b", "c", "d"}) add(name);
    facts.prefix = 12345;
  }
  std::size_t place() { return balance_prefix(balance_input(), equals(), random).index; }
};

TEST(BalancePrefix, OneBeginningOneTargetUntilItIsOverloaded) {
  PrefixWorld world;
  const std::size_t home = world.place();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(world.place(), home);
  world.options[home].status.pending_tokens = 8000;  // a few requests are no load
  EXPECT_EQ(world.place(), home);
  world.options[home].status.pending_tokens = 40000;  // the average is 10,000
  const std::size_t next = world.place();
  EXPECT_NE(next, home);
  world.options[next].status.pending_tokens = 40000;
  const std::size_t third = world.place();
  EXPECT_NE(third, home);
  EXPECT_NE(third, next);
  for (Option& option : world.options) option.status.pending_tokens = 40000;  // all alike: home again
  EXPECT_EQ(world.place(), home);
  world.options[home].status.pending_tokens = 49000;  // less than 1.25 x 42,250
  EXPECT_EQ(world.place(), home);
  world.options[home].status.pending_tokens = 60000;  // more than 1.25 x 45,000
  EXPECT_EQ(world.place(), next);
}

TEST(BalancePrefix, LoadNeverExceedsTheBoundByMoreThanARequest) {
  PrefixWorld world;
  world.facts.input_tokens = 500;
  for (int i = 0; i < 5000; ++i) {
    world.facts.prefix = 1 + world.random.next() % 3;  // three popular beginnings, four targets
    double sum = world.facts.input_tokens;
    for (const Option& option : world.options) sum += static_cast<double>(option.status.pending_tokens);
    const std::size_t place = world.place();
    const double bound = std::max(8192.0, 1.25 * sum / 4);
    EXPECT_LE(static_cast<double>(world.options[place].status.pending_tokens), bound);
    world.options[place].status.pending_tokens += 500;
  }
}

TEST(Balance, OneOptionIsTheOnlyOne) {
  for (const Balance kind : {Balance::kOrdered, Balance::kWeighted, Balance::kRoundRobin, Balance::kLeastOutstanding,
                             Balance::kP2c, Balance::kSession, Balance::kPrefix}) {
    World world;
    world.add("a");
    const Pick pick = balance(kind, world.balance_input(3), world.equals(), world.random);
    EXPECT_EQ(pick.index, 0u);
    EXPECT_EQ(pick.propensity, 1);
    EXPECT_EQ(pick.chosen, api::ChosenBy::kOnly);
    EXPECT_EQ(chance(kind, world.balance_input(), world.equals(), 0), 1);
  }
}

}  // namespace
}  // namespace fluxgate::policies
