#include "fluxgate/resilience/retry_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

int withdraw_all(RetryBudget& budget, TimePoint now) {
  int n = 0;
  while (n < 100000 && budget.withdraw(now)) ++n;
  return n;
}

TEST(RetryBudget, FloorAndRatioAndForgetting) {
  RetryBudget budget({0.2, 1});
  EXPECT_EQ(withdraw_all(budget, at(0)), 10) << "1 a second over 10 s";
  for (int i = 0; i < 100; ++i) budget.deposit(at(1));
  EXPECT_DOUBLE_EQ(budget.balance(at(1)), 20);
  EXPECT_EQ(withdraw_all(budget, at(1)), 20);
  EXPECT_EQ(withdraw_all(budget, at(9)), 0);
  EXPECT_EQ(withdraw_all(budget, at(20)), 10) << "what was taken is forgotten too";
}

TEST(RetryBudget, DepositsExpire) {
  RetryBudget budget({0.2, 0});
  for (int i = 0; i < 50; ++i) budget.deposit(at(0));
  EXPECT_DOUBLE_EQ(budget.balance(at(9.9)), 10);
  EXPECT_DOUBLE_EQ(budget.balance(at(10)), 0);
  EXPECT_FALSE(budget.withdraw(at(10)));
}

TEST(RetryBudget, NothingIsEverGivenWithoutRatioAndFloor) {
  RetryBudget budget({0, 0});
  for (int i = 0; i < 1000; ++i) budget.deposit(at(i));
  EXPECT_EQ(withdraw_all(budget, at(1000)), 0);
}

TEST(RetryBudget, NewSettingsKeepWhatWasDeposited) {
  RetryBudget budget({0.5, 0});
  for (int i = 0; i < 10; ++i) budget.deposit(at(0));
  budget.apply({0.1, 2});
  EXPECT_DOUBLE_EQ(budget.balance(at(0)), 5 + 20);
  budget.deposit(at(0));
  EXPECT_DOUBLE_EQ(budget.balance(at(0)), 25.1);
}

// Every request fails with 429 and wants two further attempts; load comes in waves.
TEST(RetryBudget, AStormNeverExceedsIt) {
  constexpr double kRatio = 0.2;
  constexpr double kFloor = 1;
  RetryBudget budget({kRatio, kFloor});
  std::vector<int> requests(120, 0);
  std::vector<int> extra(120, 0);
  for (std::size_t second = 0; second < requests.size(); ++second) {
    const int load = second % 30 < 10 ? 500 : (second % 30 < 20 ? 3 : 0);
    for (int i = 0; i < load; ++i) {
      const TimePoint now = at(static_cast<double>(second) + i / 1000.0);
      budget.deposit(now);
      ++requests[second];
      for (int again = 0; again < 2; ++again) extra[second] += budget.withdraw(now) ? 1 : 0;
    }
  }
  for (std::size_t end = 10; end <= requests.size(); ++end) {
    int seen = 0;
    int added = 0;
    for (std::size_t i = end - 10; i < end; ++i) {
      seen += requests[i];
      added += extra[i];
    }
    // Deposits up to 10 s older than the window may be spent in it.
    int before = 0;
    for (std::size_t i = end >= 19 ? end - 19 : 0; i < end - 10; ++i) before += requests[i];
    EXPECT_LE(added, kRatio * (seen + before) + 10 * kFloor) << end;
  }
  int all = 0;
  int all_extra = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    all += requests[i];
    all_extra += extra[i];
  }
  EXPECT_LE(all_extra, kRatio * all + kFloor * (120 + 10));
  EXPECT_GT(all_extra, kRatio * all * 0.9) << "and is not needlessly stingy";
}

TEST(RetryBudget, ThreadsTogetherTakeNoMore) {
  RetryBudget budget({0.2, 1});
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        budget.deposit(at(0));
        if (budget.withdraw(at(0))) ++taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken.load() + withdraw_all(budget, at(0)), 1600 + 10);
}

}  // namespace
}  // namespace fluxgate::resilience
