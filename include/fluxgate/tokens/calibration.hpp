// What a model's own usage reports say about our estimate: a factor to multiply estimates with.
//
// An exponentially weighted average of reported / estimated input tokens, so one odd request moves it by a tenth at
// most of what it is off. One per model; not shared between threads.
#pragma once

#include <algorithm>
#include <cmath>

namespace fluxgate::tokens {

class Calibration {
 public:
  static constexpr double kWeight = 0.1;  // of a new sample
  static constexpr double kLowest = 0.5;  // further off than these, something else is wrong than the estimate
  static constexpr double kHighest = 2.0;

  // Tokens; pairs that say nothing (not positive, not finite) are left out.
  void note(double reported, double estimated) {
    if (!(reported > 0) || !(estimated > 0) || !std::isfinite(reported) || !std::isfinite(estimated)) return;
    // A sample beyond the bounds counts as the bound: it would otherwise take dozens of good ones to come back.
    const double ratio = std::clamp(reported / estimated, kLowest, kHighest);
    factor_ += kWeight * (ratio - factor_);
  }

  double factor() const { return std::clamp(factor_, kLowest, kHighest); }

 private:
  double factor_ = 1;
};

}  // namespace fluxgate::tokens
