// quality: the highest expected quality. A target of which none is known stands at the median of the others: it does
// not lead, and it is not last either.
#include <cmath>

#include "policies/numbers.hpp"
#include "policies/ranking.hpp"

namespace fluxgate::policies {

Ordered order_by_quality(const OrderInput& input, Options& options) {
  Numbers known;
  for (const Option& option : options) {
    if (!std::isnan(option.estimate.quality)) known.push_back(option.estimate.quality);
  }
  double stand_in = 0;
  if (known.size() < options.size() && !known.empty()) stand_in = median(known);
  for (Option& option : options) {
    option.score = std::isnan(option.estimate.quality) ? stand_in : option.estimate.quality;
  }
  sort_by_score(options);
  if (options.empty()) return {};
  return {count_from(options, options.front().score - near_of(input))};
}

}  // namespace fluxgate::policies
