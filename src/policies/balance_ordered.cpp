// ordered: the first of the equals. The others are there for when it fails.
#include "fluxgate/policies/balances.hpp"

namespace fluxgate::policies {

Pick balance_ordered(const BalanceInput&, std::span<const Option>) { return {0, 1, api::ChosenBy::kOrder}; }

}  // namespace fluxgate::policies
