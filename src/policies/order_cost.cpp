// cost: the least expected money among those that are good enough. routing.md 3.2:
//   argmin usd  subject to  quality >= max(quality_floor, best quality - quality_slack)
//
// Three tiers, each wholly before the next: those that compete by money, those that are not good enough (the best
// first), and those without a price (the best first). A price that is unknown is not a low one, so they never lead
// while anybody has a price. The score is minus the dollars, less a constant for each tier that no request can cost.
#include <algorithm>
#include <cmath>

#include "policies/numbers.hpp"
#include "policies/ranking.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kTier = 1e9;

Numbers known_qualities(const Options& options) {
  Numbers known;
  for (const Option& option : options) {
    if (!std::isnan(option.estimate.quality)) known.push_back(option.estimate.quality);
  }
  return known;
}

}  // namespace

Ordered order_by_cost(const OrderInput& input, Options& options) {
  const config::Policy& policy = input.rules.config->policy;
  Numbers known = known_qualities(options);
  // Unknown quality counts as the median of the known; if none is known, all compete.
  const double stand_in = known.empty() ? 1 : known.size() == options.size() ? 0 : median(known);
  const double best = known.empty() ? 1 : *std::max_element(known.begin(), known.end());
  const double least = known.empty() ? 0 : std::max(policy.quality_floor, best - policy.quality_slack) - 1e-12;
  for (Option& option : options) {
    const double quality = std::isnan(option.estimate.quality) ? stand_in : option.estimate.quality;
    if (std::isnan(option.estimate.usd)) {
      option.score = quality - 2 * kTier;
    } else if (quality < least) {
      option.score = quality - kTier;
    } else {
      option.score = -option.estimate.usd;
    }
  }
  sort_by_score(options);
  if (options.empty()) return {};
  const double first = options.front().score;
  const bool by_money = first > -kTier / 2;
  return {count_from(options, by_money ? first * (1 + near_of(input)) : first)};
}

}  // namespace fluxgate::policies
