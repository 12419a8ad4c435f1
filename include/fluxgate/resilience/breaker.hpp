// The circuit breaker of one target: whether it may be asked at all.
//
//            trip                     backoff over                  enter()
//   SERVING ------> SHUT ----------------------------> PROBATION ------------> PROBING (exactly one request)
//      ^             ^                                     ^                     |  |  |
//      |             `------- failure or 429, longer ------|---------------------'  |  |
//      |                                                   `------ abandoned -------'  |
//      `----------------------------- success, window emptied ------------------------'
//
// Tripping: N failures in a row, or a success rate below the threshold over 10 buckets of 1 s with exact counts. The
// counts are exact because an average weighted by time gives the samples of a tight burst almost no weight and can hide
// a total outage (linkerd). 429 is no failure in a row but counts in the rate; on its own it only cools: the target is
// left alone until the provider's Retry-After.
//
// An attempt belongs to the time it began in: what started before the trip neither ends the backoff nor stains the
// window after reopening. Not thread-safe; its owner locks.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fluxgate/api/live.hpp"
#include "fluxgate/base/clock.hpp"
#include "fluxgate/base/random.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::resilience {

// A provider may ask to be left alone, but not for longer than this.
inline constexpr std::chrono::milliseconds kLongestRetryAfter{300'000};

class Breaker {
 public:
  enum class Outcome : std::uint8_t {
    kSuccess,      // a good answer
    kFailure,      // 5xx-like: counts in a row and in the rate
    kRateLimited,  // 429: counts in the rate; a probe that meets it failed
    kAbandoned,    // says nothing of the target: client left, client's mistake, refused credential
  };
  enum class Trip : std::uint8_t {
    kNone,         // never tripped
    kConsecutive,  // failures in a row
    kRate,         // success rate
    kProbe,        // the probe failed
  };

  // What enter() decided; handed back with the outcome.
  struct Admission {
    bool entered = false;
    std::uint32_t probe = 0;   // the number of the probe this is; 0: an ordinary attempt
    TimePoint at{};
  };

  // `seed` feeds the jitter of the backoff.
  Breaker(const config::Breaker& settings, std::uint64_t seed);

  // New settings from a reload; what was learned stays. Disabling opens a shut breaker.
  void apply(const config::Breaker& settings);

  // kOpen, kProbation, kProbing, kShut or kCooling.
  api::Gate gate(TimePoint now) const;
  // `force` enters whatever the gate says (the least bad target of a route where nobody is well).
  Admission enter(TimePoint now, bool force);
  void record(TimePoint now, const Admission& admission, Outcome outcome);
  // Leaves the target alone for Retry-After (at most 5 min), else for the configured cool-down.
  void cool(TimePoint now, std::optional<std::chrono::milliseconds> retry_after);

  // Share of the last 10 s that failed or met a 429; 0 if there was nothing.
  double failure_rate(TimePoint now) const;
  Trip last_trip() const { return last_trip_; }
  std::uint64_t trips() const { return trips_; }

 private:
  enum class State : std::uint8_t { kServing, kShut, kProbing };
  struct Bucket {
    std::int64_t second = -1;
    std::uint32_t good = 0;
    std::uint32_t bad = 0;
  };
  struct Counts {
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
  };
  static constexpr std::size_t kBuckets = 10;

  void count(TimePoint now, bool good);
  Counts counts(TimePoint now) const;
  void serve(TimePoint now, Outcome outcome);
  void shut(TimePoint now, Trip reason);
  void reopen(TimePoint now);

  config::Breaker settings_;
  Random random_;
  State state_ = State::kServing;
  TimePoint since_ = TimePoint::min();       // of kServing and kShut: attempts that began earlier are not theirs
  TimePoint shut_until_ = TimePoint::min();
  TimePoint cool_until_ = TimePoint::min();
  std::array<Bucket, kBuckets> window_{};
  std::size_t failures_in_a_row_ = 0;
  std::uint32_t shuts_in_a_row_ = 0;         // doubles the backoff
  std::uint32_t probe_ = 0;                  // the number of the newest probe
  Trip last_trip_ = Trip::kNone;
  std::uint64_t trips_ = 0;
};

constexpr std::string_view to_string(Breaker::Trip trip) {
  constexpr std::string_view kNames[] = {"none", "consecutive", "rate", "probe"};
  return kNames[static_cast<std::size_t>(trip)];
}

}  // namespace fluxgate::resilience
