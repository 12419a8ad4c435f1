// The canary judges itself at looks, not at every request: testing at 95 % again and again would abort one healthy
// canary in four. Look k may spend alpha / (k (k + 1)) of alpha = 1 - confidence; these shares add up to alpha, so all
// looks together abort a canary that is just at the limit with a chance of at most alpha, and a healthy one hardly
// ever. The two questions (errors, time) get half of a look's share each. Looks come when the canary has half as many
// requests again as at the last one, so that a bad canary is found early and the later looks are few.
//
// Each step is judged by what came during it: over several steps the mix of hours differs between the two sides, and a
// provider's bad hour would fall on the side that was larger then.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "fluxgate/policies/experiments.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kLookGrowth = 1.5;

// The chance of a standard normal value above z.
double above(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

std::string text(const char* format, double a, double b, double c) {
  char buffer[200];
  std::snprintf(buffer, sizeof buffer, format, a, b, c);
  return buffer;
}

}  // namespace

CanaryState::CanaryState(const config::Canary& rules, TimePoint start)
    : rules_(rules), step_began_(start), next_look_(static_cast<double>(rules.min_requests)) {
  if (rules_.steps.empty()) rules_.steps = config::Canary{}.steps;
}

void CanaryState::note(const Outcome& outcome) {
  if (stage_ != Stage::kRunning) return;
  Side& side = outcome.canary ? canary_ : rest_;
  ++side.requests;
  side.failures += outcome.failed ? 1 : 0;
  if (outcome.failed || outcome.ttft <= 0) return;
  const double log = std::log(outcome.ttft);
  side.ttft_log_sum += log;
  side.ttft_log_squares += log * log;
  ++side.ttft_count;
}

double CanaryState::share() const { return stage_ == Stage::kAborted ? 0 : rules_.steps[step_]; }

bool CanaryState::judge(TimePoint now) {
  if (stage_ != Stage::kRunning) return false;
  if (canary_.requests < rules_.min_requests || rest_.requests < rules_.min_requests) return false;
  const bool step_ends = now - step_began_ >= rules_.step_duration;
  if (!step_ends && static_cast<double>(canary_.requests) < next_look_) return false;
  if (look()) {
    stage_ = Stage::kAborted;
    return true;
  }
  next_look_ = static_cast<double>(canary_.requests) * kLookGrowth;
  if (!step_ends) return false;
  next_step(now);
  return true;
}

bool CanaryState::look() {
  ++looks_;
  const double k = looks_;
  const double alpha = (1 - rules_.confidence) / (k * (k + 1)) / 2;
  return more_errors(alpha) || slower(alpha);
}

void CanaryState::next_step(TimePoint now) {
  if (step_ + 1 == rules_.steps.size()) {
    stage_ = Stage::kPassed;
    return;
  }
  ++step_;
  step_began_ = now;
  canary_ = {};
  next_look_ = static_cast<double>(rules_.min_requests);
  // When everything goes to the canary there is nobody left to compare with but those of the step before.
  if (rules_.steps[step_] < 1) rest_ = {};
}

bool CanaryState::more_errors(double alpha) {
  const auto share = [](const Side& side) {
    return static_cast<double>(side.failures) / static_cast<double>(side.requests);
  };
  // Variance with one success and one failure added: none seen yet does not mean that there are none.
  const auto variance = [](const Side& side) {
    const double n = static_cast<double>(side.requests) + 2;
    const double p = (static_cast<double>(side.failures) + 1) / n;
    return p * (1 - p) / n;
  };
  const double excess = share(canary_) - share(rest_) - rules_.max_error_increase;
  if (excess <= 0 || above(excess / std::sqrt(variance(canary_) + variance(rest_))) >= alpha) return false;
  reason_ = text("%.1f %% of its requests failed against %.1f %% of the others; at most %.1f points more are allowed",
                 share(canary_) * 100, share(rest_) * 100, rules_.max_error_increase * 100);
  return true;
}

bool CanaryState::slower(double alpha) {
  if (canary_.ttft_count < rules_.min_requests || rest_.ttft_count < rules_.min_requests) return false;
  const auto mean = [](const Side& side) { return side.ttft_log_sum / static_cast<double>(side.ttft_count); };
  const auto variance = [&](const Side& side) {
    const auto n = static_cast<double>(side.ttft_count);
    return std::max(1e-6, side.ttft_log_squares / n - mean(side) * mean(side)) / n;
  };
  const double excess = mean(canary_) - mean(rest_) - std::log(rules_.max_ttft_ratio);
  if (excess <= 0 || above(excess / std::sqrt(variance(canary_) + variance(rest_))) >= alpha) return false;
  reason_ = text("its first token comes after %.2f s against %.2f s of the others; %.2f times as long is allowed",
                 std::exp(mean(canary_)), std::exp(mean(rest_)), rules_.max_ttft_ratio);
  return true;
}

}  // namespace fluxgate::policies
