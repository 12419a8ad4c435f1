// Exploration: a share of requests (policy.exploration) tries a target of which little is known first. Otherwise a
// target that was slow once is never measured again, and a new one has no measurements to win by.
#pragma once

#include <optional>
#include <span>

#include "fluxgate/policies/balances.hpp"
#include "fluxgate/policies/orders.hpp"

namespace fluxgate::policies {

struct Exploration {
  double chance = 0;                 // with which this request explored; 0 if there was nothing to explore
  std::size_t open = 0;              // how many options were worth it; each is drawn alike
  std::optional<std::size_t> index;  // the one drawn; unset: go on by rank and balance
};

// Stale, unproven (fewer than 3 good answers) or on probation. Under order_by cost never one without a price.
bool little_known(const OrderInput& input, const Option& option);

// Never for order_by listed and adaptive, in a tool loop, or where input.may_explore is off.
Exploration explore(const OrderInput& input, std::span<const Option> options, Random& random);

// The whole choice of the first candidate from options that an order has sorted: exploration, or the balance among the
// equals, or what order adaptive drew. Pick.index counts in `ranked`, and Pick.propensity is the chance that this
// option came first by either way, which is what counterfactual estimates divide by. At least one option.
Pick pick_first(const OrderInput& input, const Ordered& ordered, config::Balance kind,
                const BalanceInput& balance_input, std::span<const Option> ranked, Random& random);

}  // namespace fluxgate::policies
