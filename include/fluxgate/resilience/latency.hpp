// How fast a target answers: time to first token (TTFT), what a prompt token adds to it, and time per output token.
//
// TTFT is raw seconds to the first content, never divided by output tokens; it is a *peak* EWMA (Finagle): a slow
// sample counts at once, fast ones pull it down with the time that has passed, and without samples it decays to idle,
// so that a target that was slow once is tried again. Failures are slow samples, so load drains away before a breaker
// opens (linkerd). The part of TTFT that grows with the uncached prompt is learned apart and taken off each sample:
// otherwise the target that gets the long prompts looks slow.
//
// Pure state machines over the TimePoint passed in; seconds throughout. Not thread-safe; their owner locks.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/resilience/log_buckets.hpp"

namespace fluxgate::resilience {

// A sample above the estimate replaces it; one below moves it by the share of tau that passed since the last sample.
// Right for load, wrong for a rate: two samples in one instant do not average.
class PeakEwma {
 public:
  explicit PeakEwma(double tau_seconds) : tau_(tau_seconds) {}
  void add(TimePoint now, double sample);
  double read(TimePoint now) const;   // decayed towards 0 since the last sample; 0 if there is none
  bool empty() const { return !last_; }

 private:
  double decay(TimePoint now) const;
  double tau_;
  double value_ = 0;
  std::optional<TimePoint> last_;
};

// Seconds of TTFT per uncached prompt token: the slope of a decayed least-squares line. Samples far off the line are
// pulled in before they count. 0 until there are enough samples of different enough sizes and the slope stands out of
// the noise: a wrong slope is worse than none.
class PrefillSlope {
 public:
  void add(double uncached_tokens, double ttft);
  double value() const { return slope_; }

 private:
  double clipped(double uncached_tokens, double ttft);
  double weight_ = 0;        // of all samples, each 0.98 of the next: about the last 50 count
  double mean_x_ = 0;
  double mean_y_ = 0;
  double var_x_ = 0;         // weighted sums of squares about the means
  double var_y_ = 0;
  double cov_ = 0;
  double spread_ = 0;        // typical distance from the line
  double slope_ = 0;
  std::uint32_t samples_ = 0;
};

// TTFT of the last five minutes in 10 slices of 30 s, for quantiles.
class PercentileRing {
 public:
  void add(TimePoint now, double seconds);
  // `q` in 0..1; nullopt below 20 samples.
  std::optional<double> percentile(double q, TimePoint now) const;

 private:
  using Buckets = LogBuckets<8, 160>;              // 1 ms .. 1048 s
  static constexpr Buckets kBuckets{0.001};
  static constexpr std::size_t kSlices = 10;
  struct Slice {
    std::int64_t period = -1;
    std::uint32_t total = 0;
    std::array<std::uint32_t, Buckets::kCount> counts{};
  };
  std::array<Slice, kSlices> slices_{};
};

class LatencyEstimate {
 public:
  // The first content of an answer came `ttft` after the request was sent. `uncached` prompt tokens, 0 if not known.
  void first_token(TimePoint now, double ttft, double uncached);
  // The same once the provider has reported how many prompt tokens it had to read: teaches the slope.
  void prompt(double ttft, double uncached) { prefill_.add(uncached, ttft); }
  // A complete good answer. `tpot` seconds per token after the first, 0 if not known; taken from 8 tokens on.
  void answered(TimePoint now, double tpot, std::uint64_t output);
  // A failed call: as if the first token had taken max(5 s, Retry-After up to 5 min, the time it took).
  void failed(TimePoint now, double elapsed, std::optional<std::chrono::milliseconds> retry_after);
  // Given up after `elapsed` without a token: a lower bound, so it counts only above the estimate.
  void abandoned(TimePoint now, double elapsed, double uncached);

  double ttft(TimePoint now) const { return ttft_.read(now); }   // less the prompt's part; 0: no sample
  double prefill() const { return prefill_.value(); }
  double tpot() const { return tpot_; }
  std::uint32_t samples() const { return samples_; }             // good answers
  bool stale(TimePoint now) const;                               // sampled, but not for 5 min
  std::optional<double> ttft_percentile(double q, TimePoint now) const { return ring_.percentile(q, now); }

 private:
  double base(double ttft, double uncached) const;
  PeakEwma ttft_{30};
  PrefillSlope prefill_;
  PercentileRing ring_;
  double tpot_ = 0;
  TimePoint tpot_at_{};
  std::uint32_t samples_ = 0;
  std::optional<TimePoint> sampled_at_;
};

}  // namespace fluxgate::resilience
