#include "fluxgate/resilience/latency.hpp"

#include <algorithm>
#include <cmath>

#include "fluxgate/resilience/breaker.hpp"

namespace fluxgate::resilience {
namespace {

constexpr double kFailureSeconds = 5;
constexpr double kTpotTau = 60;
constexpr std::uint64_t kTpotTokens = 8;             // fewer: the interval between two reads, not a speed
constexpr double kLeastBase = 0.001;                 // what is left of a TTFT less its prompt's part: 0 means unknown
constexpr std::chrono::minutes kStaleAfter{5};

constexpr double kForget = 0.98;                     // weight of a sample against the next one
constexpr std::uint32_t kSlopeSamples = 10;
constexpr double kSlopeSpreadTokens = 256;           // standard deviation of the prompt sizes
constexpr double kSlopeSignificance = 2;             // in standard errors
constexpr double kClip = 3;                          // samples farther off than so many typical distances are pulled in
constexpr std::uint32_t kRingSamples = 20;
constexpr std::int64_t kSliceSeconds = 30;

std::int64_t period_of(TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count() / kSliceSeconds;
}

}  // namespace

// ---- PeakEwma ------------------------------------------------------------------------------------------------------

double PeakEwma::decay(TimePoint now) const {
  return std::exp(-std::max(to_seconds(now - *last_), 0.0) / tau_);
}

void PeakEwma::add(TimePoint now, double sample) {
  if (!last_ || sample > value_) {
    value_ = sample;
  } else {
    const double keep = decay(now);
    value_ = value_ * keep + sample * (1 - keep);
  }
  last_ = last_ ? std::max(*last_, now) : now;
}

double PeakEwma::read(TimePoint now) const { return last_ ? value_ * decay(now) : 0; }

// ---- PrefillSlope --------------------------------------------------------------------------------------------------

double PrefillSlope::clipped(double uncached_tokens, double ttft) {
  const double line = weight_ > 0 ? mean_y_ + (var_x_ > 0 ? cov_ / var_x_ : 0) * (uncached_tokens - mean_x_) : ttft;
  const double off = ttft - line;
  // The allowed distance grows with what is seen, so a lasting change is followed and a single outlier is not.
  const double allowed = kClip * spread_;
  const double pulled = samples_ < kSlopeSamples ? off : std::clamp(off, -allowed, allowed);
  spread_ += (std::abs(pulled) - spread_) / std::min<double>(samples_ + 1, 20);
  spread_ = std::max(spread_, 1e-6);
  return line + pulled;
}

void PrefillSlope::add(double uncached_tokens, double ttft) {
  if (!(ttft > 0) || !(uncached_tokens > 0)) return;
  const double y = clipped(uncached_tokens, ttft);
  ++samples_;
  // West's update with decay: stable where sums of squares would cancel.
  weight_ = weight_ * kForget + 1;
  const double dx = uncached_tokens - mean_x_;
  const double dy = y - mean_y_;
  mean_x_ += dx / weight_;
  mean_y_ += dy / weight_;
  var_x_ = var_x_ * kForget + dx * (uncached_tokens - mean_x_);
  var_y_ = var_y_ * kForget + dy * (y - mean_y_);
  cov_ = cov_ * kForget + dx * (y - mean_y_);
  slope_ = 0;
  if (samples_ < kSlopeSamples || var_x_ < weight_ * kSlopeSpreadTokens * kSlopeSpreadTokens) return;
  const double slope = cov_ / var_x_;
  const double residual = std::max(var_y_ - slope * cov_, 0.0);
  const double error = std::sqrt(residual / (std::max(weight_ - 2, 1.0) * var_x_));
  if (slope > kSlopeSignificance * error) slope_ = slope;
}

// ---- PercentileRing ------------------------------------------------------------------------------------------------

void PercentileRing::add(TimePoint now, double seconds) {
  const std::int64_t period = period_of(now);
  Slice& slice = slices_[static_cast<std::size_t>(period % static_cast<std::int64_t>(kSlices))];
  if (slice.period != period) {
    slice = Slice{};
    slice.period = period;
  }
  ++slice.counts[kBuckets.index(seconds)];
  ++slice.total;
}

std::optional<double> PercentileRing::percentile(double q, TimePoint now) const {
  const std::int64_t oldest = period_of(now) - static_cast<std::int64_t>(kSlices);
  std::array<std::uint64_t, Buckets::kCount> counts{};
  std::uint64_t total = 0;
  for (const Slice& slice : slices_) {
    if (slice.period <= oldest || slice.total == 0) continue;
    total += slice.total;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += slice.counts[i];
  }
  if (total < kRingSamples) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(total)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen >= rank && seen > 0) return kBuckets.middle(i);
  }
  return kBuckets.middle(counts.size() - 1);
}

// ---- LatencyEstimate -----------------------------------------------------------------------------------------------

double LatencyEstimate::base(double ttft, double uncached) const {
  return std::max(ttft - prefill_.value() * uncached, kLeastBase);
}

void LatencyEstimate::first_token(TimePoint now, double ttft, double uncached) {
  if (!(ttft > 0)) return;
  ttft_.add(now, base(ttft, uncached));
  ring_.add(now, ttft);
  sampled_at_ = now;
}

void LatencyEstimate::answered(TimePoint now, double tpot, std::uint64_t output) {
  ++samples_;
  sampled_at_ = now;
  if (!(tpot > 0) || output < kTpotTokens) return;
  const double keep = tpot_ > 0 ? std::exp(-std::max(to_seconds(now - tpot_at_), 0.0) / kTpotTau) : 0;
  tpot_ = tpot_ * keep + tpot * (1 - keep);
  tpot_at_ = now;
}

void LatencyEstimate::failed(TimePoint now, double elapsed, std::optional<std::chrono::milliseconds> retry_after) {
  double sample = std::max(kFailureSeconds, elapsed);
  if (retry_after) sample = std::max(sample, to_seconds(std::min(*retry_after, kLongestRetryAfter)));
  ttft_.add(now, sample);
  sampled_at_ = now;
}

void LatencyEstimate::abandoned(TimePoint now, double elapsed, double uncached) {
  const double sample = base(elapsed, uncached);
  if (elapsed > 0 && sample > ttft_.read(now)) ttft_.add(now, sample);
}

bool LatencyEstimate::stale(TimePoint now) const { return sampled_at_ && now - *sampled_at_ > kStaleAfter; }

}  // namespace fluxgate::resilience
