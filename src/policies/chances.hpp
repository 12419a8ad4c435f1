// The chance of each balance to pick one of the equals, each defined beside its balance.
#pragma once

#include <span>

#include "fluxgate/policies/balances.hpp"

namespace fluxgate::policies {

double chance_by_weight(std::span<const Option> equals, std::size_t index);  // weighted, round_robin, session
double chance_of_least_outstanding(std::span<const Option> equals, std::size_t index);
double chance_of_p2c(std::span<const Option> equals, std::size_t index);
std::size_t place_by_prefix(const BalanceInput& input, std::span<const Option> equals);

// Where rendezvous hashing puts `key` (salted already) among the equals, by weight.
std::size_t rendezvous(std::uint64_t key, std::span<const Option> equals);

bool equal_weights(std::span<const Option> equals);

}  // namespace fluxgate::policies
