#include "fluxgate/resilience/rate_window.hpp"

#include <gtest/gtest.h>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

using std::chrono::seconds;

TEST(SlidingMinute, WorkedValue) {
  SlidingMinute window;
  window.add(at(10), 80);
  window.add(at(60), 30);
  EXPECT_DOUBLE_EQ(window.used(at(75)), 90);
}

TEST(SlidingMinute, Turns) {
  SlidingMinute window;
  EXPECT_DOUBLE_EQ(window.used(at(0)), 0);
  window.add(at(0), 60);
  EXPECT_DOUBLE_EQ(window.used(at(59)), 60);
  EXPECT_DOUBLE_EQ(window.used(at(60)), 60);
  EXPECT_DOUBLE_EQ(window.used(at(90)), 30);
  EXPECT_DOUBLE_EQ(window.used(at(119.999)), 60 * (1 - 59.999 / 60));
  EXPECT_DOUBLE_EQ(window.used(at(120)), 0);
  window.add(at(300), 5);
  EXPECT_DOUBLE_EQ(window.used(at(300)), 5) << "what is older than the previous minute is gone";
  window.add(at(300), -100);
  EXPECT_DOUBLE_EQ(window.used(at(300)), 0) << "corrections never make it negative";
}

TEST(RateWindow, HeadroomIsThatOfTheTighterLimit) {
  RateWindow none(std::nullopt, std::nullopt);
  for (int i = 0; i < 1000; ++i) none.sent(at(1), 100000);
  EXPECT_DOUBLE_EQ(none.headroom(at(1)), 1);

  RateWindow window(10, 1000);
  for (int i = 0; i < 4; ++i) window.sent(at(1), 200);
  EXPECT_DOUBLE_EQ(window.headroom(at(1)), 0.2) << "tokens: 800 of 1000";
  window.settled(at(2), 200, 50);
  window.settled(at(2), 200, 50);
  EXPECT_DOUBLE_EQ(window.headroom(at(2)), 0.5);
  window.settled(at(2), 0, 10000);
  EXPECT_DOUBLE_EQ(window.headroom(at(2)), 0);
  window.apply(10, std::nullopt);
  EXPECT_DOUBLE_EQ(window.headroom(at(2)), 0.6) << "requests: 4 of 10";
}

TEST(RateWindow, TheProvidersWordReplacesOursUntilItsReset) {
  RateWindow window(100, std::nullopt);
  window.sent(at(1), 0);
  window.note_remote(at(2), RemoteRate{10, std::nullopt, seconds(30)}, std::nullopt);
  EXPECT_DOUBLE_EQ(window.headroom(at(2)), 0.1);
  for (int i = 0; i < 4; ++i) window.sent(at(3), 0);
  EXPECT_NEAR(window.headroom(at(3)), 0.06, 1e-12) << "less what was sent since";
  EXPECT_NEAR(window.headroom(at(32)), 0.95, 1e-12) << "after the reset our own count again";
  window.note_remote(at(33), RemoteRate{5, 20, seconds(30)}, std::nullopt);
  EXPECT_DOUBLE_EQ(window.headroom(at(33)), 0.25) << "its own limit counts more than the configured one";
}

TEST(RateWindow, RemoteWithoutAnyLimitOnlyTellsNone) {
  RateWindow window(std::nullopt, std::nullopt);
  window.note_remote(at(0), std::nullopt, RemoteRate{1000, std::nullopt, seconds(10)});
  EXPECT_DOUBLE_EQ(window.headroom(at(0)), 1);
  window.sent(at(1), 1000);
  EXPECT_DOUBLE_EQ(window.headroom(at(1)), 0);
  EXPECT_DOUBLE_EQ(window.headroom(at(10)), 1);
}

}  // namespace
}  // namespace fluxgate::resilience
