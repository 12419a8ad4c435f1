#include "fluxgate/policies/orders.hpp"

namespace fluxgate::policies {

Ordered order(const OrderInput& input, Options& options, Random& random) {
  switch (input.rules.config->policy.order_by) {
    case config::OrderBy::kListed: return order_listed(input, options);
    case config::OrderBy::kCost: return order_by_cost(input, options);
    case config::OrderBy::kLatency: return order_by_latency(input, options);
    case config::OrderBy::kQuality: return order_by_quality(input, options);
    case config::OrderBy::kWeighted: return order_by_weighted(input, options);
    case config::OrderBy::kAdaptive: return order_by_adaptive(input, options, random);
  }
  return order_listed(input, options);
}

double default_near(config::OrderBy order_by) {
  switch (order_by) {
    case config::OrderBy::kLatency: return 0.10;
    case config::OrderBy::kQuality:
    case config::OrderBy::kWeighted: return 0.02;
    case config::OrderBy::kListed:  // everyone is equal anyhow
    case config::OrderBy::kCost:
    case config::OrderBy::kAdaptive: return 0;
  }
  return 0;
}

}  // namespace fluxgate::policies
