// What the provider's usage reports teach about one target: how long its answers are, how much of the prompt comes from
// its cache, and how far our token estimate is off. Not thread-safe; its owner locks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/resilience/log_buckets.hpp"

namespace fluxgate::resilience {

// A histogram of output tokens that forgets with a half-life of 7 days.
class OutputLengths {
 public:
  void add(TimePoint now, std::uint64_t tokens);
  // 0 until 10 answers were seen. Kept ready, for they are read far more often than they change.
  double median() const { return median_; }
  double p95() const { return p95_; }

 private:
  using Buckets = LogBuckets<4, 88>;         // 1 .. 4 million tokens
  static constexpr Buckets kBuckets{1};
  double quantile(double q) const;

  std::array<double, Buckets::kCount> weights_{};
  double total_ = 0;
  double unit_ = 1;                          // the weight of an answer now: grows instead of all others shrinking
  std::optional<TimePoint> last_;
  std::uint64_t samples_ = 0;
  double median_ = 0;
  double p95_ = 0;
};

// An average in which each sample counts for 1/20, the first ones for more.
class SteadyAverage {
 public:
  explicit SteadyAverage(double start) : value_(start) {}
  void add(double sample);
  double value() const { return value_; }

 private:
  double value_;
  std::uint32_t samples_ = 0;
};

// How far token estimates are off: all that was reported over all that was estimated. Sums, not an average of ratios: of
// a prompt of ten tokens a constant few make half, and such prompts must not decide how long ones are judged. Starts as if
// kPrior tokens had been estimated rightly, and forgets by halving what lies beyond kMemory.
class TokenRatio {
 public:
  void add(double reported, double estimated);
  double value() const;   // 0.5..2

 private:
  static constexpr double kPrior = 20'000;
  static constexpr double kMemory = 1'000'000;
  double reported_ = kPrior;
  double estimated_ = kPrior;
};

class UsageHistory {
 public:
  // Reported tokens of a good answer; `estimated_input` 0 if it was not estimated, any other 0: not reported.
  void add(TimePoint now, std::uint64_t estimated_input, std::uint64_t input, std::uint64_t cached_input,
           std::uint64_t output);

  double output_median() const { return lengths_.median(); }
  double output_p95() const { return lengths_.p95(); }
  double cached_share() const { return cached_share_.value(); }               // 0..1
  double input_calibration() const { return input_calibration_.value(); }     // 0.5..2

 private:
  OutputLengths lengths_;
  SteadyAverage cached_share_{0};
  TokenRatio input_calibration_;
};

}  // namespace fluxgate::resilience
