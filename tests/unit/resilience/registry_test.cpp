#include "fluxgate/resilience/registry.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

config::Config base_config() {
  config::Config config;
  for (const char* name : {"p", "q"}) {
    config::Provider provider;
    provider.name = name;
    provider.api_key = Secret(std::string("key of ") + name);
    config.providers.push_back(std::move(provider));
  }
  for (const auto& [name, provider, model] :
       {std::tuple{"a", "p", "m"}, std::tuple{"b", "q", "m"}, std::tuple{"c", "p", "n"}}) {
    config::Target target;
    target.name = name;
    target.provider = provider;
    target.model = model;
    config.targets.push_back(std::move(target));
  }
  config::Route route;
  route.name = "r";
  config.routes.push_back(std::move(route));
  return config;
}

TEST(HealthRegistry, OneObjectAName) {
  HealthRegistry registry(1);
  const HealthSet set = registry.apply(base_config());
  ASSERT_EQ(set.targets.size(), 3u);
  ASSERT_EQ(set.providers.size(), 2u);
  ASSERT_EQ(set.routes.size(), 1u);
  EXPECT_NE(set.targets[0], set.targets[2]);
  EXPECT_EQ(set.targets[0]->keys(), set.providers[0]);
  EXPECT_EQ(set.targets[1]->keys(), set.providers[1]);
  EXPECT_EQ(set.targets[2]->keys(), set.providers[0]);
}

TEST(HealthRegistry, AReloadKeepsStateAndBringsNewSettings) {
  HealthRegistry registry(1);
  const HealthSet before = registry.apply(base_config());
  const Pass held = before.targets[0]->enter(at(0), 5, false);
  config::Config next = base_config();
  std::swap(next.targets[0], next.targets[2]);
  next.targets[2].max_concurrency = 9;
  next.targets[1].model = "other";
  next.providers[0].api_keys = {Secret("key of p"), Secret("second")};
  next.routes[0].retry_budget = {0, 0};
  const HealthSet after = registry.apply(next);
  EXPECT_EQ(after.targets[2], before.targets[0]) << "by name, not by place";
  EXPECT_EQ(after.targets[2]->status(at(0)).pending, 1u);
  EXPECT_EQ(after.targets[2]->status(at(0)).concurrency, 9u);
  EXPECT_NE(after.targets[1], before.targets[1]) << "another model is another target";
  EXPECT_EQ(after.providers[0], before.providers[0]);
  EXPECT_EQ(after.providers[0]->states(at(0)).size(), 2u);
  EXPECT_EQ(after.routes[0], before.routes[0]);
  EXPECT_FALSE(after.routes[0]->withdraw(at(0)));
  after.targets[2]->leave(at(1), held, AttemptReport{});
}

TEST(HealthRegistry, WhatIsGoneIsForgotten) {
  HealthRegistry registry(1);
  std::weak_ptr<TargetHealth> gone;
  {
    const HealthSet before = registry.apply(base_config());
    gone = before.targets[1];
    config::Config next = base_config();
    next.targets.erase(next.targets.begin() + 1);
    (void)registry.apply(next);
    EXPECT_FALSE(gone.expired()) << "a snapshot still holds it";
  }
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(registry.apply(base_config()).targets[1]->status(at(0)).samples, 0u);
}

TEST(HealthRegistry, Threads) {
  HealthRegistry registry(1);
  const HealthSet first = registry.apply(base_config());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const HealthSet set = registry.apply(base_config());
        set.targets[0]->leave(at(i), set.targets[0]->enter(at(i), 1, false), AttemptReport{});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(first.targets[0]->status(at(100)).samples, 400u);
}

}  // namespace
}  // namespace fluxgate::resilience
