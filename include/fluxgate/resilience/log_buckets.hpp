// Buckets of equal ratio, for quantiles of values that span orders of magnitude (as HDR histograms do).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fluxgate::resilience {

// PerOctave buckets for each doubling, from `least` up; values outside count in the first and the last one. A value
// read back is the bucket's geometric middle, so it is off by at most 2^(1/(2 x PerOctave)): 4.4 % for 8.
template <std::size_t PerOctave, std::size_t Count>
struct LogBuckets {
  static constexpr std::size_t kCount = Count;
  double least;

  std::size_t index(double value) const {
    if (!(value > least)) return 0;
    const double position = std::log2(value / least) * static_cast<double>(PerOctave);
    return position >= static_cast<double>(Count) ? Count - 1 : static_cast<std::size_t>(position);
  }
  double middle(std::size_t index) const {
    return least * std::exp2((static_cast<double>(index) + 0.5) / static_cast<double>(PerOctave));
  }
};

}  // namespace fluxgate::resilience
