#include "fluxgate/policies/adaptive.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace fluxgate::policies {
namespace {

using std::chrono::hours;

constexpr AdaptiveCells::Key kKey{1, 2, 3};
constexpr std::uint64_t kOwn = 0;

TEST(AdaptiveCells, EveryVerdictHasItsCount) {
  AdaptiveCells cells;
  const TimePoint now{};
  cells.note(kKey, Verdict::kGood, 1, kOwn, now);
  cells.note(kKey, Verdict::kUnderpowered, 0.5, kOwn, now);
  cells.note(kKey, Verdict::kOverprovisioned, 0.25, kOwn, now);
  cells.note(kKey, Verdict::kFailed, 1, kOwn, now);
  const api::QualityCell read = cells.read(kKey, now);
  EXPECT_EQ(read.good, 1);
  EXPECT_EQ(read.underpowered, 0.5);
  EXPECT_EQ(read.overprovisioned, 0.25);
  EXPECT_EQ(read.failed, 1);
  EXPECT_EQ(cells.read({1, 2, 4}, now).observations(), 0);
  EXPECT_EQ(cells.read({1, 9, 3}, now).observations(), 0);
  EXPECT_EQ(cells.read({9, 2, 3}, now).observations(), 0);
  EXPECT_EQ(cells.size(), 1u);
}

// routing.md B: a day at a half-life of 14 days.
TEST(AdaptiveCells, DecayOfTheReference) {
  AdaptiveCells cells;
  cells.note(kKey, Verdict::kGood, 1, kOwn, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{} + hours(24)).good, 0.951695, 5e-7);
  EXPECT_NEAR(cells.read(kKey, TimePoint{} + hours(24 * 14)).good, 0.5, 1e-12);
  // Noting decays as reading does, and a clock that is late does not make more of it.
  cells.note(kKey, Verdict::kGood, 1, kOwn, TimePoint{} + hours(24 * 14));
  cells.note(kKey, Verdict::kGood, 1, kOwn, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{} + hours(24 * 14)).good, 2.5, 1e-12);
}

TEST(AdaptiveCells, AtMostTwoHundredObservations) {
  AdaptiveCells cells;
  for (int i = 0; i < 1000; ++i) cells.note(kKey, i % 4 == 0 ? Verdict::kUnderpowered : Verdict::kGood, 1, kOwn, TimePoint{});
  const api::QualityCell read = cells.read(kKey, TimePoint{});
  EXPECT_NEAR(read.observations(), 200, 1e-9);
  EXPECT_NEAR(read.good, 150, 1);
  // Old ones give way: 200 failures later little is left of them.
  for (int i = 0; i < 200; ++i) cells.note(kKey, Verdict::kFailed, 1, kOwn, TimePoint{});
  EXPECT_GT(cells.read(kKey, TimePoint{}).failed, 120);
}

TEST(AdaptiveCells, OneSenderHasATenthAtMost) {
  AdaptiveCells cells;
  for (int i = 0; i < 1000; ++i) cells.note(kKey, Verdict::kGood, 1, 77, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{}).good, 20, 1e-9);
  for (int i = 0; i < 30; ++i) cells.note(kKey, Verdict::kUnderpowered, 1, 78, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{}).underpowered, 20, 1e-9);
  // What it gave fades, and with it the bound.
  const TimePoint later = TimePoint{} + hours(24 * 14);
  for (int i = 0; i < 100; ++i) cells.note(kKey, Verdict::kGood, 1, 77, later);
  EXPECT_NEAR(cells.read(kKey, later).good, 20, 1e-9);
}

TEST(AdaptiveCells, ManySendersDoNotMakeOneOfThemForgotten) {
  AdaptiveCells cells;
  for (int i = 0; i < 20; ++i) cells.note(kKey, Verdict::kFailed, 1, 77, TimePoint{});
  for (std::uint64_t sender = 1000; sender < 1500; ++sender) cells.note(kKey, Verdict::kGood, 0.01, sender, TimePoint{});
  cells.note(kKey, Verdict::kFailed, 1, 77, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{}).failed, 20, 1e-9);
}

TEST(AdaptiveCells, ScoresAreSplit) {
  AdaptiveCells cells;
  cells.note_score(kKey, 0.75, 0.8, kOwn, TimePoint{});
  cells.note_score(kKey, 7, 5, kOwn, TimePoint{});  // both are clipped to 1
  const api::QualityCell read = cells.read(kKey, TimePoint{});
  EXPECT_NEAR(read.good, 0.6 + 1, 1e-12);
  EXPECT_NEAR(read.underpowered, 0.2, 1e-12);
}

TEST(AdaptiveCells, WhatIsNoNumberIsNotNoted) {
  AdaptiveCells cells;
  cells.note(kKey, Verdict::kGood, std::nan(""), kOwn, TimePoint{});
  cells.note(kKey, Verdict::kGood, -1, kOwn, TimePoint{});
  cells.note_score(kKey, std::nan(""), 1, kOwn, TimePoint{});
  cells.note_latency(kKey, std::nan(""), TimePoint{});
  EXPECT_EQ(cells.size(), 0u);
}

TEST(AdaptiveCells, LatencyIsAnAverageFromTheFirstOn) {
  AdaptiveCells cells;
  cells.note_latency(kKey, 3, TimePoint{});
  EXPECT_EQ(cells.read(kKey, TimePoint{}).latency, 1);
  cells.note_latency(kKey, 0, TimePoint{});
  EXPECT_NEAR(cells.read(kKey, TimePoint{}).latency, 0.9, 1e-12);
  EXPECT_NEAR(cells.read(kKey, TimePoint{} + hours(1000)).latency, 0.9, 1e-12);
}

}  // namespace
}  // namespace fluxgate::policies
