#include "fluxgate/resilience/output_lengths.hpp"

#include <algorithm>
#include <cmath>

namespace fluxgate::resilience {
namespace {

constexpr double kHalfLifeSeconds = 7 * 24 * 3600.0;
constexpr std::uint64_t kEnough = 10;
constexpr double kLargestUnit = 1e9;     // then all weights are scaled down, so that they keep their precision
constexpr std::uint32_t kSteadyAfter = 20;

}  // namespace

void OutputLengths::add(TimePoint now, std::uint64_t tokens) {
  if (tokens == 0) return;
  if (last_ && now > *last_) unit_ *= std::exp2(to_seconds(now - *last_) / kHalfLifeSeconds);
  last_ = last_ ? std::max(*last_, now) : now;
  if (unit_ > kLargestUnit) {
    for (double& weight : weights_) weight /= unit_;
    total_ /= unit_;
    unit_ = 1;
  }
  weights_[kBuckets.index(static_cast<double>(tokens))] += unit_;
  total_ += unit_;
  if (++samples_ < kEnough) return;
  median_ = quantile(0.5);
  p95_ = quantile(0.95);
}

double OutputLengths::quantile(double q) const {
  double seen = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    seen += weights_[i];
    if (weights_[i] > 0 && seen >= q * total_) return kBuckets.middle(i);
  }
  return kBuckets.middle(weights_.size() - 1);
}

void SteadyAverage::add(double sample) {
  samples_ = std::min(samples_ + 1, kSteadyAfter);
  value_ += (sample - value_) / samples_;
}

void TokenRatio::add(double reported, double estimated) {
  reported_ += reported;
  estimated_ += estimated;
  if (estimated_ < kMemory) return;
  reported_ /= 2;
  estimated_ /= 2;
}

double TokenRatio::value() const { return std::clamp(reported_ / estimated_, 0.5, 2.0); }

void UsageHistory::add(TimePoint now, std::uint64_t estimated_input, std::uint64_t input, std::uint64_t cached_input,
                       std::uint64_t output) {
  lengths_.add(now, output);
  if (input == 0) return;
  const auto reported = static_cast<double>(input);
  cached_share_.add(std::clamp(static_cast<double>(cached_input) / reported, 0.0, 1.0));
  if (estimated_input == 0) return;
  input_calibration_.add(reported, static_cast<double>(estimated_input));
}

}  // namespace fluxgate::resilience
