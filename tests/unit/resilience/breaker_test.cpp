#include "fluxgate/resilience/breaker.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "unit/resilience/resilience_test_support.hpp"

namespace fluxgate::resilience {
namespace {

using api::Gate;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = Breaker::Outcome;

config::Breaker settings() { return {}; }

void attempt(Breaker& breaker, TimePoint now, Outcome outcome) {
  const auto admission = breaker.enter(now, false);
  ASSERT_TRUE(admission.entered);
  breaker.record(now, admission, outcome);
}

// Fails five times in a row at `now`.
void trip(Breaker& breaker, TimePoint now) {
  for (int i = 0; i < 5; ++i) attempt(breaker, now, Outcome::kFailure);
  ASSERT_EQ(breaker.gate(now), Gate::kShut);
}

TEST(Breaker, TripTable) {
  struct Case {
    const char* name;
    std::vector<std::pair<Outcome, int>> outcomes;  // all within one second
    Gate gate;
    Breaker::Trip reason;
  };
  const Case cases[] = {
      {"nothing", {}, Gate::kOpen, Breaker::Trip::kNone},
      {"four failures", {{Outcome::kFailure, 4}}, Gate::kOpen, Breaker::Trip::kNone},
      {"five failures", {{Outcome::kFailure, 5}}, Gate::kShut, Breaker::Trip::kConsecutive},
      {"a success between", {{Outcome::kFailure, 4}, {Outcome::kSuccess, 1}, {Outcome::kFailure, 4}}, Gate::kOpen,
       Breaker::Trip::kNone},
      {"429 neither counts in the row nor ends it",
       {{Outcome::kFailure, 4}, {Outcome::kRateLimited, 3}, {Outcome::kFailure, 1}}, Gate::kShut,
       Breaker::Trip::kConsecutive},
      {"429 alone waits for the floor", {{Outcome::kRateLimited, 19}}, Gate::kOpen, Breaker::Trip::kNone},
      {"429 alone trips by the rate", {{Outcome::kRateLimited, 20}}, Gate::kShut, Breaker::Trip::kRate},
      {"exactly 80 %", {{Outcome::kSuccess, 16}, {Outcome::kRateLimited, 4}}, Gate::kOpen, Breaker::Trip::kNone},
      {"less than 80 %", {{Outcome::kSuccess, 16}, {Outcome::kRateLimited, 5}}, Gate::kShut, Breaker::Trip::kRate},
      {"client faults and cancels", {{Outcome::kAbandoned, 100}}, Gate::kOpen, Breaker::Trip::kNone},
      {"the row is the reason when both hold", {{Outcome::kRateLimited, 15}, {Outcome::kFailure, 5}}, Gate::kShut,
       Breaker::Trip::kConsecutive},
  };
  for (const Case& c : cases) {
    Breaker breaker(settings(), 1);
    for (const auto& [outcome, times] : c.outcomes) {
      for (int i = 0; i < times; ++i) {
        const auto admission = breaker.enter(at(0), false);
        breaker.record(at(0), admission, outcome);
      }
    }
    EXPECT_EQ(breaker.gate(at(0)), c.gate) << c.name;
    EXPECT_EQ(breaker.last_trip(), c.reason) << c.name;
    EXPECT_EQ(breaker.trips(), c.gate == Gate::kShut ? 1u : 0u) << c.name;
  }
}

TEST(Breaker, TheRateLooksAtTenSeconds) {
  Breaker breaker(settings(), 1);
  for (int i = 0; i < 19; ++i) attempt(breaker, at(0.5), Outcome::kRateLimited);
  EXPECT_DOUBLE_EQ(breaker.failure_rate(at(9.9)), 1);
  EXPECT_DOUBLE_EQ(breaker.failure_rate(at(10)), 0) << "the bucket of second 0 is out";
  attempt(breaker, at(10), Outcome::kRateLimited);
  EXPECT_EQ(breaker.gate(at(10)), Gate::kOpen) << "one request in the window";
}

TEST(Breaker, HalfFailingTripsThoughNeverFiveInARow) {
  Breaker breaker(settings(), 1);
  int requests = 0;
  for (; requests < 100 && breaker.gate(at(requests * 0.1)) == Gate::kOpen; ++requests) {
    attempt(breaker, at(requests * 0.1), requests % 2 == 0 ? Outcome::kSuccess : Outcome::kFailure);
  }
  EXPECT_EQ(requests, 20);
  EXPECT_EQ(breaker.last_trip(), Breaker::Trip::kRate);
}

TEST(Breaker, ShutThenOneProbeThenOpenWithAnEmptyWindow) {
  Breaker breaker(settings(), 1);
  trip(breaker, at(0));
  EXPECT_FALSE(breaker.enter(at(1), false).entered);
  EXPECT_EQ(breaker.gate(at(2.4)), Gate::kShut) << "half of the backoff is fixed";
  EXPECT_EQ(breaker.gate(at(5)), Gate::kProbation) << "and all of it over after 5 s";
  const auto probe = breaker.enter(at(5), false);
  ASSERT_TRUE(probe.entered);
  EXPECT_NE(probe.probe, 0u);
  EXPECT_EQ(breaker.gate(at(5)), Gate::kProbing);
  EXPECT_FALSE(breaker.enter(at(5), false).entered) << "exactly one";
  EXPECT_EQ(breaker.gate(at(500)), Gate::kProbing) << "until it ends";
  breaker.record(at(6), probe, Outcome::kSuccess);
  EXPECT_EQ(breaker.gate(at(6)), Gate::kOpen);
  EXPECT_DOUBLE_EQ(breaker.failure_rate(at(6)), 0);
  for (int i = 0; i < 4; ++i) attempt(breaker, at(6), Outcome::kFailure);
  EXPECT_EQ(breaker.gate(at(6)), Gate::kOpen) << "the row begins anew";
}

TEST(Breaker, AFailedProbeShutsForLonger) {
  for (const Outcome outcome : {Outcome::kFailure, Outcome::kRateLimited}) {
    Breaker breaker(settings(), 7);
    TimePoint now = at(0);
    trip(breaker, now);
    double backoff = 5;
    for (int round = 0; round < 12; ++round) {
      EXPECT_EQ(breaker.gate(now + duration(backoff * 0.499)), Gate::kShut) << round;
      now += duration(backoff);
      ASSERT_EQ(breaker.gate(now), Gate::kProbation) << round;
      const auto probe = breaker.enter(now, false);
      breaker.record(now, probe, outcome);
      EXPECT_EQ(breaker.gate(now), Gate::kShut) << round;
      EXPECT_EQ(breaker.last_trip(), Breaker::Trip::kProbe);
      backoff = std::min(backoff * 2, 300.0);
    }
    // Success takes the doubling back.
    now += seconds(300);
    breaker.record(now, breaker.enter(now, false), Outcome::kSuccess);
    trip(breaker, now);
    EXPECT_EQ(breaker.gate(now + seconds(5)), Gate::kProbation);
  }
}

TEST(Breaker, TheJitterCoversHalfTheBackoff) {
  double earliest = 10;
  double latest = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Breaker breaker(settings(), seed);
    trip(breaker, at(0));
    double s = 2.5;
    while (breaker.gate(at(s)) == Gate::kShut) s += 0.01;
    earliest = std::min(earliest, s);
    latest = std::max(latest, s);
  }
  EXPECT_LT(earliest, 2.7);
  EXPECT_GT(latest, 4.8);
  EXPECT_LE(latest, 5.02);
}

TEST(Breaker, AnAbandonedProbeIsReplaced) {
  Breaker breaker(settings(), 1);
  trip(breaker, at(0));
  const auto probe = breaker.enter(at(5), false);
  breaker.record(at(7), probe, Outcome::kAbandoned);
  EXPECT_EQ(breaker.gate(at(7)), Gate::kProbation);
  const auto second = breaker.enter(at(7), false);
  EXPECT_TRUE(second.entered);
  EXPECT_NE(second.probe, probe.probe);
  breaker.record(at(7), probe, Outcome::kSuccess);
  EXPECT_EQ(breaker.gate(at(7)), Gate::kProbing) << "the first one's word is spent";
}

TEST(Breaker, WhatBeganBeforeTheTripDoesNotCountAfterIt) {
  Breaker breaker(settings(), 1);
  std::vector<Breaker::Admission> old;
  for (int i = 0; i < 20; ++i) old.push_back(breaker.enter(at(0), false));
  trip(breaker, at(1));
  breaker.record(at(2), old[0], Outcome::kSuccess);
  EXPECT_EQ(breaker.gate(at(2)), Gate::kShut) << "an old success does not end the backoff";
  const auto probe = breaker.enter(at(6), false);
  breaker.record(at(6), old[1], Outcome::kFailure);
  breaker.record(at(6), old[2], Outcome::kSuccess);
  EXPECT_EQ(breaker.gate(at(6)), Gate::kProbing);
  breaker.record(at(6), probe, Outcome::kSuccess);
  for (std::size_t i = 3; i < old.size(); ++i) breaker.record(at(7), old[i], Outcome::kFailure);
  EXPECT_EQ(breaker.gate(at(7)), Gate::kOpen) << "old failures do not shut it again";
}

TEST(Breaker, AForcedSuccessEndsTheBackoff) {
  Breaker breaker(settings(), 1);
  trip(breaker, at(0));
  const auto forced = breaker.enter(at(1), true);
  ASSERT_TRUE(forced.entered);
  EXPECT_EQ(forced.probe, 0u);
  breaker.record(at(1.5), forced, Outcome::kFailure);
  EXPECT_EQ(breaker.gate(at(1.5)), Gate::kShut);
  const auto again = breaker.enter(at(2), true);
  breaker.record(at(2), again, Outcome::kSuccess);
  EXPECT_EQ(breaker.gate(at(2)), Gate::kProbation);
}

TEST(Breaker, CoolingIsNotShut) {
  struct Case {
    std::optional<milliseconds> retry_after;
    double until;
  };
  for (const Case& c : {Case{std::nullopt, 5}, Case{milliseconds(30000), 30}, Case{milliseconds(0), 0},
                        Case{milliseconds(3'600'000), 300}}) {
    Breaker breaker(settings(), 1);
    breaker.cool(at(0), c.retry_after);
    if (c.until > 0) {
      EXPECT_EQ(breaker.gate(at(c.until - 0.01)), Gate::kCooling);
    }
    EXPECT_EQ(breaker.gate(at(c.until)), Gate::kOpen);
    EXPECT_EQ(breaker.trips(), 0u);
  }
  config::Breaker patient;
  patient.cooldown = milliseconds(600'000);
  Breaker own(patient, 1);
  own.cool(at(0), std::nullopt);
  EXPECT_EQ(own.gate(at(599)), Gate::kCooling) << "the cap is for what providers ask, not for the operator";
  Breaker breaker(settings(), 1);
  breaker.cool(at(0), milliseconds(60000));
  breaker.cool(at(1), milliseconds(1000));
  EXPECT_EQ(breaker.gate(at(59)), Gate::kCooling) << "the longer one binds";
  EXPECT_FALSE(breaker.enter(at(1), false).entered);
  EXPECT_TRUE(breaker.enter(at(1), true).entered);
}

TEST(Breaker, NoProbeWhileItCools) {
  Breaker breaker(settings(), 1);
  trip(breaker, at(0));
  breaker.cool(at(0), milliseconds(60000));
  EXPECT_EQ(breaker.gate(at(1)), Gate::kShut);
  EXPECT_EQ(breaker.gate(at(10)), Gate::kCooling);
  EXPECT_FALSE(breaker.enter(at(10), false).entered);
  EXPECT_EQ(breaker.gate(at(60)), Gate::kProbation);
}

TEST(Breaker, DisabledNeverShutsButStillCools) {
  config::Breaker off;
  off.enabled = false;
  Breaker breaker(off, 1);
  for (int i = 0; i < 100; ++i) attempt(breaker, at(0), Outcome::kFailure);
  EXPECT_EQ(breaker.gate(at(0)), Gate::kOpen);
  EXPECT_DOUBLE_EQ(breaker.failure_rate(at(0)), 1);
  breaker.cool(at(0), milliseconds(1000));
  EXPECT_EQ(breaker.gate(at(0)), Gate::kCooling);

  Breaker shut(settings(), 1);
  trip(shut, at(0));
  shut.apply(off);
  EXPECT_EQ(shut.gate(at(0)), Gate::kOpen) << "disabling opens it";
}

}  // namespace
}  // namespace fluxgate::resilience
