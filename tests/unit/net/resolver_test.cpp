#include "fluxgate/net/resolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net_test_support.hpp"

namespace fluxgate::net {
namespace {

using std::chrono::milliseconds;
using testing::run;
using testing::run_for;
using testing::run_until;
using testing::Spawned;

Addresses address(const char* text) { return {asio::ip::make_address(text)}; }

Error no_such_name() { return upstream_error(ErrorKind::kDns, Retry::kYes, "no such name"); }

TimePoint soon() { return SteadyClock::now() + testing::kPatience; }

class ResolverTest : public ::testing::Test {
 protected:
  Result<Addresses> resolve(Resolver& resolver, const std::string& host, TimePoint until = soon()) {
    return run(context_, resolver.resolve(host, context_.get_executor(), until));
  }
  asio::io_context context_;
  std::atomic<int> lookups_{0};
};

TEST_F(ResolverTest, NumericAddressesNeedNoLookUp) {
  Resolver resolver([this](const std::string&) -> Result<Addresses> {
    ++lookups_;
    return no_such_name();
  });
  for (const char* text : {"127.0.0.1", "8.8.8.8", "::1", "2001:db8::1"}) {
    const auto result = resolve(resolver, text);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(*result, address(text));
  }
  EXPECT_EQ(lookups_, 0);
}

TEST_F(ResolverTest, AnswersAreCached) {
  Resolver resolver([this](const std::string& host) -> Result<Addresses> {
    ++lookups_;
    return address(host == "a.test" ? "10.0.0.1" : "10.0.0.2");
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*resolve(resolver, "a.test"), address("10.0.0.1"));
    EXPECT_EQ(*resolve(resolver, "b.test"), address("10.0.0.2"));
  }
  EXPECT_EQ(lookups_, 2);
}

TEST_F(ResolverTest, FailuresAreNot) {
  Resolver resolver([this](const std::string&) -> Result<Addresses> {
    if (++lookups_ == 1) return no_such_name();
    if (lookups_ == 2) return Addresses();
    return address("10.0.0.1");
  });
  const auto first = resolve(resolver, "a.test");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, ErrorKind::kDns);
  EXPECT_EQ(first.error().source, ErrorSource::kUpstream);
  const auto second = resolve(resolver, "a.test");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->empty());
  EXPECT_EQ(*resolve(resolver, "a.test"), address("10.0.0.1")) << "an empty answer is not kept either";
  EXPECT_EQ(lookups_, 3);
}

TEST_F(ResolverTest, ManyWaitersShareOneLookUp) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  Resolver resolver([this, open](const std::string&) -> Result<Addresses> {
    ++lookups_;
    open.wait();
    return address("10.0.0.1");
  });
  std::vector<std::unique_ptr<Spawned<Result<Addresses>>>> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(std::make_unique<Spawned<Result<Addresses>>>(
        resolver.resolve("a.test", context_.get_executor(), soon())));
  }
  run_for(context_, milliseconds(20));
  for (const auto& one : waiting) EXPECT_FALSE(one->done());
  gate.set_value();
  run_until(context_, [&] {
    return std::all_of(waiting.begin(), waiting.end(), [](const auto& one) { return one->done(); });
  });
  for (const auto& one : waiting) EXPECT_EQ(*one->take(), address("10.0.0.1"));
  EXPECT_EQ(lookups_, 1);
}

TEST_F(ResolverTest, WaitingHasAnEnd) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  Resolver resolver([open](const std::string&) -> Result<Addresses> {
    open.wait();
    return address("10.0.0.1");
  });
  const TimePoint until = SteadyClock::now() + milliseconds(30);
  const auto late = resolve(resolver, "slow.test", until);
  EXPECT_GE(SteadyClock::now(), until);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kDns);
  gate.set_value();  // the answer comes after all, to nobody, and is kept
  const auto again = resolve(resolver, "slow.test");
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, address("10.0.0.1"));
}

TEST_F(ResolverTest, ItMayEndWhileSomebodyWaits) {
  auto resolver = std::make_unique<Resolver>([](const std::string&) -> Result<Addresses> {
    std::this_thread::sleep_for(milliseconds(20));
    return address("10.0.0.1");
  });
  Spawned<Result<Addresses>> one(
      resolver->resolve("a.test", context_.get_executor(), SteadyClock::now() + milliseconds(100)));
  Spawned<Result<Addresses>> two(
      resolver->resolve("b.test", context_.get_executor(), SteadyClock::now() + milliseconds(100)));
  run_for(context_, milliseconds(5));
  resolver.reset();
  run_until(context_, [&] { return one.done() && two.done(); });
  const auto second = two.take();
  EXPECT_TRUE(second || second.error().kind == ErrorKind::kDns);
}

TEST_F(ResolverTest, TheSystemKnowsLocalhost) {
  Resolver resolver;
  const auto result = resolve(resolver, "localhost");
  ASSERT_TRUE(result) << result.error().detail;
  ASSERT_FALSE(result->empty());
  for (const auto& one : *result) EXPECT_TRUE(one.is_loopback());
  const auto none = resolve(resolver, "does-not-exist.invalid");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kDns);
}

TEST(IsPrivate, KnowsTheSpecialRanges) {
  for (const char* text :
       {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.168.0.1",
        "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "febf::1", "fc00::1", "fdff::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a00:1"}) {
    EXPECT_TRUE(is_private(asio::ip::make_address(text))) << text;
  }
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00::1",
        "::ffff:8.8.8.8", "fe00::1", "fb00::1"}) {
    EXPECT_FALSE(is_private(asio::ip::make_address(text))) << text;
  }
}

}  // namespace
}  // namespace fluxgate::net
