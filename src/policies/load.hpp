// How busy a target is and how long it would take: what order latency, order weighted, p2c and least_outstanding share.
#pragma once

#include <span>

#include "fluxgate/policies/traits.hpp"
#include "policies/numbers.hpp"

namespace fluxgate::policies {

// Nobody tells us at how many tokens in flight a target is full. A cap on requests is known for some; a request stands
// for so many tokens, and a target without a cap is taken to bear 32 of them.
inline constexpr double kTokensOfRequest = 2048;
inline constexpr double kUncappedTokens = 32 * kTokensOfRequest;

// Tokens in flight. Where no route counts tokens there are only requests.
inline double tokens_in_flight(const api::TargetStatus& status) {
  if (status.pending_tokens != 0) return static_cast<double>(status.pending_tokens);
  return status.pending * kTokensOfRequest;
}

// Tokens in flight over what it bears; above 1 is possible.
inline double load(const api::TargetStatus& status) {
  const double cap = status.concurrency == 0 ? kUncappedTokens : status.concurrency * kTokensOfRequest;
  return tokens_in_flight(status) / cap;
}

// Seconds x (1 + load) for each option, none of them unknown: a target without measurements stands at the median of
// those that have some (unknown is neither zero nor infinite), at a second if none has. Where the time per token is
// not known the median of the others is put in; where nobody's is, times to the first token are compared.
Numbers expected_times(std::span<const Option> options);

}  // namespace fluxgate::policies
