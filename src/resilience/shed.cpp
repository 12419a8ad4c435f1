#include "fluxgate/resilience/shed.hpp"

#include <algorithm>

namespace fluxgate::resilience {

double saturation(std::span<const api::TargetStatus> targets) {
  double sum = 0;
  std::size_t serving = 0;
  for (const api::TargetStatus& target : targets) {
    if (target.gate != api::Gate::kOpen) continue;
    ++serving;
    if (target.concurrency > 0) sum += static_cast<double>(target.pending) / static_cast<double>(target.concurrency);
  }
  return serving == 0 ? 1 : sum / static_cast<double>(serving);
}

double shed_probability(double saturation) {
  const double s = std::max(saturation, 0.0);
  return std::min(s * s * s * s * s * 300, 1.0);
}

}  // namespace fluxgate::resilience
