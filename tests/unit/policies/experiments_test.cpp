#include "fluxgate/policies/experiments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "fluxgate/base/random.hpp"
#include "policies/hash.hpp"

namespace fluxgate::policies {
namespace {

constexpr int kUnits = 20000;

config::Experiment experiment(const std::vector<double>& shares) {
  config::Experiment made;
  made.name = "prompt-v2";
  for (const double share : shares) {
    made.variants.emplace_back();
    made.variants.back().share = share;
  }
  return made;
}

std::vector<int> variants(const config::Experiment& of) {
  std::vector<int> result;
  for (int i = 1; i <= kUnits; ++i) {
    api::RequestFacts facts;
    facts.session = static_cast<std::uint64_t>(i);
    result.push_back(choose_variant(of, facts, 0));
  }
  return result;
}

TEST(Experiments, SharesTable) {
  const std::vector<std::vector<double>> table{{},         {0},          {0.1},           {1},
                                               {0.5, 0.5}, {0.05, 0.8},  {0.9, 0.1},      {0.2, 0.3, 0.1},
                                               {0.7, 0.1, 0.1}, {0.45, 0.45, 0.1}, {0.1, 0.1, 0.1, 0.6}};
  for (const auto& shares : table) {
    std::vector<int> count(shares.size() + 1);
    for (const int variant : variants(experiment(shares))) ++count[static_cast<std::size_t>(variant + 1)];
    double rest = 1;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_NEAR(count[i + 1], shares[i] * kUnits, 4.5 * std::sqrt(kUnits * 0.25)) << i;
      rest -= shares[i];
    }
    EXPECT_NEAR(count[0], rest * kUnits, 4.5 * std::sqrt(kUnits * 0.25));
    if (rest < 1e-9) {
      EXPECT_LE(count[0], 1);  // only what lies on a rounded border
    }
  }
}

TEST(Experiments, GrowingOneMovesUnitsFromTheRestOnly) {
  struct Growth {
    std::vector<double> before, after;
    int grown;
  };
  for (const Growth& each : {Growth{{0.1}, {0.3}, 0}, Growth{{0.1, 0.2}, {0.7, 0.2}, 0}, Growth{{0.1, 0.2}, {0.1, 0.9}, 1},
                             Growth{{0.6, 0.2}, {0.6, 0.4}, 1}, Growth{{0.1, 0.2, 0.1}, {0.1, 0.33, 0.1}, 1},
                             Growth{{0.1, 0.1, 0.1}, {0.1, 0.1, 0.8}, 2}}) {
    const auto before = variants(experiment(each.before));
    const auto after = variants(experiment(each.after));
    int moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == after[i]) continue;
      ++moved;
      EXPECT_EQ(before[i], -1);
      EXPECT_EQ(after[i], each.grown);
    }
    EXPECT_GT(moved, 0);
  }
}

TEST(Experiments, UnitsTable) {
  config::Experiment half = experiment({0.5});
  const auto same = [&](config::ExperimentUnit unit, std::uint64_t session, std::uint64_t user) {
    half.unit = unit;
    api::RequestFacts facts;
    facts.session = session;
    facts.user = user;
    int first = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) first += choose_variant(half, facts, seed) == 0 ? 1 : 0;
    return first == 0 || first == 200;
  };
  using config::ExperimentUnit;
  EXPECT_TRUE(same(ExperimentUnit::kSession, 5, 0));
  EXPECT_TRUE(same(ExperimentUnit::kSession, 0, 6));  // no session: at least the user does not flip
  EXPECT_FALSE(same(ExperimentUnit::kSession, 0, 0));
  EXPECT_TRUE(same(ExperimentUnit::kUser, 5, 6));
  EXPECT_TRUE(same(ExperimentUnit::kUser, 5, 0));
  EXPECT_FALSE(same(ExperimentUnit::kRequest, 5, 6));
}

// By user, the sessions of a user go together.
TEST(Experiments, AUsersSessionsGoTogether) {
  config::Experiment half = experiment({0.5});
  half.unit = config::ExperimentUnit::kUser;
  api::RequestFacts facts;
  facts.user = 42;
  const int variant = choose_variant(half, facts, 0);
  for (facts.session = 1; facts.session < 100; ++facts.session) EXPECT_EQ(choose_variant(half, facts, 0), variant);
}

TEST(Experiments, TwoExperimentsAreIndependent) {
  config::Experiment one = experiment({0.5});
  config::Experiment two = experiment({0.5});
  two.name = "other";
  int both = 0;
  int canary = 0;
  for (std::uint64_t i = 1; i <= kUnits; ++i) {
    api::RequestFacts facts;
    facts.session = i;
    const bool in_one = choose_variant(one, facts, 0) == 0;
    both += in_one && choose_variant(two, facts, 0) == 0 ? 1 : 0;
    canary += in_one && in_canary(0.5, facts, 0) ? 1 : 0;
  }
  EXPECT_NEAR(both, kUnits / 4, 250);
  EXPECT_NEAR(canary, kUnits / 4, 250);
}

TEST(CanaryShare, StickyAndOnlyGrowing) {
  int inside = 0;
  for (std::uint64_t i = 1; i <= kUnits; ++i) {
    api::RequestFacts facts;
    facts.session = i;
    const bool small = in_canary(0.05, facts, i);
    EXPECT_EQ(in_canary(0.05, facts, i + 1), small);
    if (small) {
      EXPECT_TRUE(in_canary(0.25, facts, i));
    }
    EXPECT_TRUE(in_canary(1, facts, i));
    EXPECT_FALSE(in_canary(0, facts, i));
    inside += small ? 1 : 0;
  }
  EXPECT_NEAR(inside, kUnits * 0.05, 150);
  api::RequestFacts alone;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= kUnits; ++seed) count += in_canary(0.05, alone, seed) ? 1 : 0;
  EXPECT_NEAR(count, kUnits * 0.05, 150);
}

}  // namespace
}  // namespace fluxgate::policies
