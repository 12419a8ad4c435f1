// listed: the list says nothing of better and worse, so all of it are equals and `balance` decides.
#include "fluxgate/policies/orders.hpp"

namespace fluxgate::policies {

Ordered order_listed(const OrderInput&, Options& options) {
  for (Option& option : options) option.score = 0;
  return {options.size(), 1, api::ChosenBy::kOrder};
}

}  // namespace fluxgate::policies
