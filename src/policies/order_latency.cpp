// latency: the least expected time, times how busy the target is. routing.md 3.1:
//   (ttft + n_out x tpot) x (1 + tokens in flight / cap)
// Failures are slow samples in the measurements already, so a target that fails drains before any breaker opens.
#include "policies/load.hpp"
#include "policies/ranking.hpp"

namespace fluxgate::policies {

Ordered order_by_latency(const OrderInput& input, Options& options) {
  const Numbers times = expected_times({options.data(), options.size()});
  for (std::size_t i = 0; i < options.size(); ++i) options[i].score = -times[i];
  sort_by_score(options);
  if (options.empty()) return {};
  return {count_from(options, options.front().score * (1 + near_of(input)))};
}

}  // namespace fluxgate::policies
