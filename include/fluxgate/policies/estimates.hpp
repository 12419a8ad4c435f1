// What a target is expected to do with a request: tokens, money, time, quality. routing.md 3.1, 3.2, 3.3.
#pragma once

#include "fluxgate/policies/traits.hpp"

namespace fluxgate::policies {

// Fills option.estimate from its traits and status. `reserved_output` bounds the cautious output where nothing is
// learned.
//   n_in  = facts.input_tokens x status.input_calibration (unless counted exactly)
//   n_out = min(limit of the request, learned median; else 1.5 x n_in clipped to 16..1024)
//   usd   = (n_in - n_cached) x input + n_cached x cached_input + n_out x output, n_cached = n_in x status.cached_share
//   ttft  = status.ttft + prefill x (n_in - n_cached);  total = ttft + n_out x tpot
// Unknown stays NaN: an unpriced target has no expected money, it is not free.
void estimate(const api::RequestFacts& facts, const RouteRules& rules, std::uint64_t reserved_output, Option& option);

// Dollars for these tokens; `cached` of `input` came from the provider's prompt cache.
double money(const config::Price& price, double input, double cached, double output);

// sum over facts.tasks of probability x table row; the default row for what is missing; then the operator's value;
// else NaN.
double expected_quality(const api::RequestFacts& facts, const RouteRules& rules, const Traits& traits);

}  // namespace fluxgate::policies
