// Orders: which of the options that remain are best. One file each: order_<name>.cpp.
//
// An order sets option.score (higher is better), sorts the options by it (stable, so that the file's order decides
// ties) and says how many from the front count as equals.
#pragma once

#include "fluxgate/base/random.hpp"
#include "fluxgate/policies/traits.hpp"

namespace fluxgate::policies {

struct OrderInput {
  const api::RequestFacts& facts;
  const RouteRules& rules;
  // Adaptive: work out the chance of its pick. Some 20 us, so only for the decision log and for explain.
  bool with_propensity = false;
  bool may_explore = true;                  // false: explore() does nothing, for instance when all are unwell
};

struct Ordered {
  std::size_t equals = 0;                   // at least 1 if there are options
  double propensity = 1;                    // of the first, where the order itself drew (adaptive)
  api::ChosenBy chosen = api::ChosenBy::kRank;
};

Ordered order_listed(const OrderInput& input, Options& options);
// Expected money among those within quality_slack of the best quality; the rest behind them, best quality first.
// Unpriced targets come last, never first.
Ordered order_by_cost(const OrderInput& input, Options& options);
// Expected time x (1 + pending tokens / cap), as routing.md 3.1; unknown targets stand at the median of the known.
Ordered order_by_latency(const OrderInput& input, Options& options);
Ordered order_by_quality(const OrderInput& input, Options& options);
// wQ Q + wL (1 - T) + wC (1 - C) + wN (1 - N) on absolute scales (routing.md 3.0); fills option.terms.
Ordered order_by_weighted(const OrderInput& input, Options& options);
// Thompson sampling over option.cell (routing.md 3.7). A conversation is one sample: its draws come from the session's
// hash, and it keeps its target until another leads by switch_margin (order_adaptive.cpp says why). In a tool loop
// without a session the posterior means are used and nothing is drawn. The propensity is worked out by integration if
// input.with_propensity; else it is kUnknown (NaN).
Ordered order_by_adaptive(const OrderInput& input, Options& options, Random& random);

// The one the route's policy names.
Ordered order(const OrderInput& input, Options& options, Random& random);

// How close to the best still counts as equal if the route does not say: listed: everyone; cost: 0 (ties); latency:
// 0.10 of the best; quality and weighted: 0.02 absolute; adaptive: nobody else.
double default_near(config::OrderBy order_by);

}  // namespace fluxgate::policies
