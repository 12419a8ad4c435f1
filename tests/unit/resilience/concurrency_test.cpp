#include "fluxgate/resilience/concurrency.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

using Wait = ConcurrencyLimit::Wait;
using api::Priority;

void take(ConcurrencyLimit& limit, int n) {
  for (int i = 0; i < n; ++i) limit.take();
}
void succeed(ConcurrencyLimit& limit, int n) {
  for (int i = 0; i < n; ++i) limit.succeeded();
}

TEST(ConcurrencyLimit, WithoutACapThereIsNone) {
  ConcurrencyLimit limit(std::nullopt);
  take(limit, 10000);
  EXPECT_TRUE(limit.has_room());
  EXPECT_EQ(limit.cap(), 0u);
}

TEST(ConcurrencyLimit, StaticCap) {
  ConcurrencyLimit limit(2);
  take(limit, 1);
  EXPECT_TRUE(limit.has_room());
  take(limit, 1);
  EXPECT_FALSE(limit.has_room());
  limit.give_back();
  EXPECT_TRUE(limit.has_room());
  limit.apply(1);
  EXPECT_FALSE(limit.has_room());
}

TEST(ConcurrencyLimit, CutsOnA429AndGrowsBackToTheCap) {
  ConcurrencyLimit limit(10);
  limit.rate_limited(at(0), at(0));
  EXPECT_EQ(limit.cap(), 7u);
  limit.rate_limited(at(1), at(0.5));
  EXPECT_EQ(limit.cap(), 4u) << "4.9";
  succeed(limit, 49);
  EXPECT_EQ(limit.cap(), 4u);
  succeed(limit, 1);
  EXPECT_EQ(limit.cap(), 5u);
  succeed(limit, 50 * 100);
  EXPECT_EQ(limit.cap(), 10u) << "never above the configured one";
}

TEST(ConcurrencyLimit, ABurstOf429CutsOnceAndNeverBelowOne) {
  ConcurrencyLimit limit(100);
  for (int i = 0; i < 100; ++i) limit.rate_limited(at(1), at(0));
  EXPECT_EQ(limit.cap(), 70u);
  for (int i = 0; i < 100; ++i) limit.rate_limited(at(2 + i), at(2 + i));
  EXPECT_EQ(limit.cap(), 1u);
  EXPECT_TRUE(limit.has_room());
}

TEST(ConcurrencyLimit, LearnsACapFromWhatWasInFlightAndForgetsIt) {
  ConcurrencyLimit limit(std::nullopt);
  take(limit, 10);
  limit.rate_limited(at(0), at(0));
  EXPECT_EQ(limit.cap(), 7u);
  EXPECT_FALSE(limit.has_room());
  succeed(limit, 50 * 13);
  EXPECT_EQ(limit.cap(), 20u) << "twice what was in flight";
  succeed(limit, 50);
  EXPECT_EQ(limit.cap(), 0u) << "grown past it: no cap";
}

struct Log {
  std::vector<std::string> woken;
};
struct Context {
  Log* log;
  std::string name;
};
void wake(const std::shared_ptr<void>& context) {
  const auto& c = *std::static_pointer_cast<Context>(context);
  c.log->woken.push_back(c.name);
}

struct Line {
  Log log;
  std::deque<Waiter> waiters;
  Waiter& add(Priority priority, std::string name) {
    return waiters.emplace_back(priority, wake, std::make_shared<Context>(Context{&log, std::move(name)}));
  }
};

void run_grants(ConcurrencyLimit& limit) {
  while (auto granted = limit.grant()) (*granted)();
}

TEST(ConcurrencyLimit, TheHighestPriorityGoesFirstThenTheOldest) {
  ConcurrencyLimit limit(1);
  limit.take();
  Line line;
  for (const auto& [priority, name] :
       std::vector<std::pair<Priority, std::string>>{{Priority::kNormal, "n1"}, {Priority::kBatch, "b1"},
                                                     {Priority::kHigh, "h1"},   {Priority::kNormal, "n2"},
                                                     {Priority::kLow, "l1"},    {Priority::kHigh, "h2"}}) {
    EXPECT_EQ(limit.wait(line.add(priority, name), 6), Wait::kWaiting);
  }
  EXPECT_EQ(limit.wait(line.add(Priority::kHigh, "late"), 6), Wait::kRefused);
  for (int i = 0; i < 6; ++i) {
    run_grants(limit);
    EXPECT_EQ(line.log.woken.size(), static_cast<std::size_t>(i)) << "one slot, one at a time";
    limit.give_back();
    run_grants(limit);
  }
  EXPECT_EQ(line.log.woken, (std::vector<std::string>{"h1", "h2", "n1", "n2", "l1", "b1"}));
  EXPECT_EQ(limit.waiting(), 0u);
  EXPECT_EQ(limit.in_flight(), 1u);
}

TEST(ConcurrencyLimit, WaitingForAFreeSlotGetsItAtOnce) {
  ConcurrencyLimit limit(1);
  Line line;
  Waiter& waiter = line.add(Priority::kNormal, "a");
  EXPECT_EQ(limit.wait(waiter, 0), Wait::kGranted);
  EXPECT_EQ(limit.in_flight(), 1u);
  limit.withdraw(waiter);
  EXPECT_EQ(limit.in_flight(), 0u);
}

TEST(ConcurrencyLimit, WithdrawingFromAnyPlaceAndPassingAGrantOn) {
  ConcurrencyLimit limit(1);
  limit.take();
  Line line;
  std::vector<Waiter*> all;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    all.push_back(&line.add(Priority::kNormal, name));
    EXPECT_EQ(limit.wait(*all.back(), 10), Wait::kWaiting);
  }
  limit.withdraw(*all[0]);  // first
  limit.withdraw(*all[2]);  // middle
  limit.withdraw(*all[4]);  // last
  limit.withdraw(*all[2]);  // again: nothing
  EXPECT_EQ(limit.waiting(), 2u);
  limit.give_back();
  run_grants(limit);
  EXPECT_EQ(line.log.woken, std::vector<std::string>{"b"});
  limit.withdraw(*all[1]);  // granted, but gone
  run_grants(limit);
  EXPECT_EQ(line.log.woken, (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(limit.in_flight(), 1u);
  limit.withdraw(*all[3]);
  EXPECT_EQ(limit.in_flight(), 0u);
}

TEST(ConcurrencyLimit, AGrownCapWakesSeveral) {
  ConcurrencyLimit limit(1);
  limit.take();
  Line line;
  for (const char* name : {"a", "b", "c"}) (void)limit.wait(line.add(Priority::kLow, name), 10);
  limit.apply(3);
  run_grants(limit);
  EXPECT_EQ(line.log.woken, (std::vector<std::string>{"a", "b"}));
  limit.apply(std::nullopt);
  run_grants(limit);
  EXPECT_EQ(line.log.woken.size(), 3u);
}

}  // namespace
}  // namespace fluxgate::resilience
