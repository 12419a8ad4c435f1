// Balances: one among equals. One file each: balance_<name>.cpp.
#pragma once

#include <span>

#include "fluxgate/base/random.hpp"
#include "fluxgate/policies/traits.hpp"

namespace fluxgate::policies {

struct BalanceInput {
  const api::RequestFacts& facts;
  std::uint64_t turn = 0;                   // how many plans of this route came before
};

struct Pick {
  std::size_t index = 0;                    // in the span of equals
  double propensity = 1;                    // the chance of this pick before the draw
  api::ChosenBy chosen = api::ChosenBy::kOnly;
};

// All of them take at least one option.
Pick balance_ordered(const BalanceInput& input, std::span<const Option> equals);
Pick balance_weighted(const BalanceInput& input, std::span<const Option> equals, Random& random);
// Smooth weighted round robin as a function of the turn: the same turn and equals give the same pick, so that
// explaining is free of side effects. Weights 5, 1, 1 give a a b a c a a.
Pick balance_round_robin(const BalanceInput& input, std::span<const Option> equals);
Pick balance_least_outstanding(const BalanceInput& input, std::span<const Option> equals, Random& random);
// Two drawn with replacement, the lower expected time x load wins; three or fewer: all are compared, and one drawn
// among those within 10 % of the best.
Pick balance_p2c(const BalanceInput& input, std::span<const Option> equals, Random& random);
// Rendezvous hashing of facts.session (weights: weight / -ln u); without a session like weighted.
Pick balance_session(const BalanceInput& input, std::span<const Option> equals, Random& random);
// Rendezvous hashing of facts.prefix with bounded load: 1.25 x the average pending tokens; then the next in hash order.
Pick balance_prefix(const BalanceInput& input, std::span<const Option> equals, Random& random);

Pick balance(config::Balance kind, const BalanceInput& input, std::span<const Option> equals, Random& random);

// The chance that `balance` picks the one at `index`: the propensity of a pick that came about in another way. What
// does not depend on the request (whose turn it is, how a session's hash falls) counts as a draw; the prompt's
// beginning does not.
double chance(config::Balance kind, const BalanceInput& input, std::span<const Option> equals, std::size_t index);

}  // namespace fluxgate::policies
