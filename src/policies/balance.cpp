#include "fluxgate/policies/balances.hpp"

#include "policies/chances.hpp"

namespace fluxgate::policies {

Pick balance(config::Balance kind, const BalanceInput& input, std::span<const Option> equals, Random& random) {
  if (equals.size() == 1) return {0, 1, api::ChosenBy::kOnly};
  switch (kind) {
    case config::Balance::kOrdered: return balance_ordered(input, equals);
    case config::Balance::kWeighted: return balance_weighted(input, equals, random);
    case config::Balance::kRoundRobin: return balance_round_robin(input, equals);
    case config::Balance::kLeastOutstanding: return balance_least_outstanding(input, equals, random);
    case config::Balance::kP2c: return balance_p2c(input, equals, random);
    case config::Balance::kSession: return balance_session(input, equals, random);
    case config::Balance::kPrefix: return balance_prefix(input, equals, random);
  }
  return balance_ordered(input, equals);
}

double chance(config::Balance kind, const BalanceInput& input, std::span<const Option> equals, std::size_t index) {
  if (equals.size() == 1) return 1;
  switch (kind) {
    case config::Balance::kOrdered: return index == 0 ? 1 : 0;
    case config::Balance::kWeighted:
    case config::Balance::kRoundRobin:
    case config::Balance::kSession: return chance_by_weight(equals, index);
    case config::Balance::kLeastOutstanding: return chance_of_least_outstanding(equals, index);
    case config::Balance::kP2c: return chance_of_p2c(equals, index);
    case config::Balance::kPrefix:
      if (input.facts.prefix == 0) return chance_by_weight(equals, index);
      return index == place_by_prefix(input, equals) ? 1 : 0;
  }
  return index == 0 ? 1 : 0;
}

}  // namespace fluxgate::policies
