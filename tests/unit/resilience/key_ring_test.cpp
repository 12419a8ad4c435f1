#include "fluxgate/resilience/key_ring.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

using std::chrono::milliseconds;

std::vector<Secret> secrets(std::initializer_list<const char*> names) {
  std::vector<Secret> all;
  for (const char* name : names) all.emplace_back(std::string(name));
  return all;
}

std::string next(KeyRing& ring, double s) {
  const auto pick = ring.next(at(s));
  return pick ? std::string(pick->secret->reveal()) : "-";
}

std::uint64_t id_of(KeyRing& ring, std::string_view name) {
  for (int i = 0; i < 10; ++i) {
    const auto pick = ring.next(at(1e6));
    if (pick && pick->secret->reveal() == name) return pick->id;
  }
  return 0;
}

TEST(KeyRing, InTurn) {
  KeyRing ring(secrets({"a", "b", "c"}));
  std::string seen;
  for (int i = 0; i < 7; ++i) seen += next(ring, 0);
  EXPECT_EQ(seen, "abcabca");
}

TEST(KeyRing, WithoutKeysNothingIsNeeded) {
  KeyRing ring(secrets({""}));
  EXPECT_TRUE(ring.empty());
  EXPECT_FALSE(ring.next(at(0)).has_value());
  EXPECT_TRUE(ring.usable(at(0)));
  EXPECT_FALSE(ring.has_fresh(at(0)));
}

TEST(KeyRing, ARefusedKeyRestsLongerEachTime) {
  KeyRing ring(secrets({"a"}));
  const std::uint64_t a = id_of(ring, "a");
  double now = 0;
  for (const double rest : {60., 120., 240., 480., 960., 1920., 3600., 3600.}) {
    ring.report(at(now), a, Fault::kCredential, std::nullopt);
    ring.report(at(now + 1), a, Fault::kCredential, std::nullopt);  // one of many in flight: does not count twice
    EXPECT_EQ(next(ring, now + rest - 0.1), "-") << rest;
    EXPECT_FALSE(ring.usable(at(now + rest - 0.1)));
    EXPECT_EQ(next(ring, now + rest), "a") << rest;
    EXPECT_TRUE(ring.usable(at(now + rest)));
    now += rest;
  }
  ring.report(at(now), a, Fault::kNone, std::nullopt);
  ring.report(at(now), a, Fault::kCredential, std::nullopt);
  EXPECT_EQ(next(ring, now + 60), "a") << "a good answer takes the doubling back";
}

TEST(KeyRing, OthersServeWhileOneRests) {
  KeyRing ring(secrets({"a", "b", "c"}));
  ring.report(at(0), id_of(ring, "b"), Fault::kCredential, std::nullopt);
  EXPECT_TRUE(ring.usable(at(0)));
  std::map<std::string, int> seen;
  for (int i = 0; i < 10; ++i) ++seen[next(ring, 0)];
  EXPECT_EQ(seen, (std::map<std::string, int>{{"a", 5}, {"c", 5}}));
  ring.report(at(0), id_of(ring, "a"), Fault::kCredential, std::nullopt);
  ring.report(at(0), id_of(ring, "c"), Fault::kCredential, std::nullopt);
  EXPECT_FALSE(ring.usable(at(0)));
  EXPECT_EQ(next(ring, 0), "-");
}

TEST(KeyRing, ACoolingKeyGoesLastButGoes) {
  KeyRing ring(secrets({"a", "b"}));
  ring.report(at(0), id_of(ring, "a"), Fault::kRateLimited, milliseconds(30000));
  EXPECT_EQ(next(ring, 1), "b");
  EXPECT_EQ(next(ring, 1), "b");
  EXPECT_TRUE(ring.has_fresh(at(1)));
  ring.report(at(1), id_of(ring, "b"), Fault::kRateLimited, std::nullopt);  // 5 s
  EXPECT_FALSE(ring.has_fresh(at(2)));
  EXPECT_TRUE(ring.usable(at(2)));
  EXPECT_EQ(next(ring, 2), "b") << "ready soonest";
  EXPECT_EQ(next(ring, 2), "b");
  EXPECT_EQ(next(ring, 7), "b");
  EXPECT_EQ(next(ring, 31), "a");
  EXPECT_EQ(next(ring, 31), "b");
}

TEST(KeyRing, RetryAfterIsCapped) {
  KeyRing ring(secrets({"a"}));
  ring.report(at(0), id_of(ring, "a"), Fault::kRateLimited, milliseconds(86'400'000));
  EXPECT_FALSE(ring.has_fresh(at(299)));
  EXPECT_TRUE(ring.has_fresh(at(300)));
}

TEST(KeyRing, OtherFaultsDoNotTouchAKey) {
  for (const Fault fault : {Fault::kTarget, Fault::kTimeout, Fault::kModel, Fault::kClient, Fault::kCancelled}) {
    KeyRing ring(secrets({"a"}));
    ring.report(at(0), id_of(ring, "a"), fault, std::nullopt);
    EXPECT_TRUE(ring.has_fresh(at(0))) << to_string(fault);
  }
}

TEST(KeyRing, AReloadKeepsWhatStays) {
  KeyRing ring(secrets({"a", "b"}));
  const std::uint64_t a = id_of(ring, "a");
  const std::uint64_t b = id_of(ring, "b");
  const auto held = ring.next(at(0));
  ring.report(at(0), a, Fault::kCredential, std::nullopt);
  ring.apply(secrets({"c", "a"}));
  EXPECT_EQ(next(ring, 1), "c");
  EXPECT_EQ(next(ring, 1), "c") << "a still rests";
  ring.report(at(1), b, Fault::kCredential, std::nullopt);  // gone: ignored
  const auto states = ring.states(at(1));
  ASSERT_EQ(states.size(), 2u);
  EXPECT_FALSE(states[0].resting);
  EXPECT_TRUE(states[1].resting);
  EXPECT_EQ(states[1].id, a);
  EXPECT_EQ(states[1].refusals, 1u);
  EXPECT_FALSE(held->secret->empty()) << "a key in use outlives the reload";
  ring.apply(secrets({"a"}));
  EXPECT_FALSE(ring.usable(at(1)));
  ring.apply({});
  EXPECT_TRUE(ring.usable(at(1)));
}

TEST(KeyRing, Threads) {
  KeyRing ring(secrets({"a", "b", "c"}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&ring, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto pick = ring.next(at(i));
        if (pick) ring.report(at(i), pick->id, i % 7 == t ? Fault::kCredential : Fault::kNone, std::nullopt);
        if (i % 500 == 0) ring.apply(secrets({"a", "b", "c"}));
        (void)ring.usable(at(i));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ring.states(at(1e6)).size(), 3u);
  EXPECT_TRUE(ring.has_fresh(at(1e6)));
}

}  // namespace
}  // namespace fluxgate::resilience
