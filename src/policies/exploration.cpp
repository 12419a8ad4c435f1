#include "fluxgate/policies/exploration.hpp"

#include <algorithm>
#include <cmath>

namespace fluxgate::policies {
namespace {

constexpr std::uint32_t kProven = 3;

// Where nobody would explore: all are equals, the order explores by itself, or the model must not change now.
bool settled(const OrderInput& input) {
  const config::Policy& policy = input.rules.config->policy;
  const bool explores_itself =
      policy.order_by == config::OrderBy::kListed || policy.order_by == config::OrderBy::kAdaptive;
  return !input.may_explore || policy.exploration <= 0 || input.facts.tool_loop || explores_itself;
}

}  // namespace

bool little_known(const OrderInput& input, const Option& option) {
  // Trying out what may cost anything is not what a route that goes by cost is for.
  if (input.rules.config->policy.order_by == config::OrderBy::kCost && std::isnan(option.estimate.usd)) return false;
  const api::TargetStatus& status = option.status;
  return status.stale || status.samples < kProven || status.gate == api::Gate::kProbation;
}

Exploration explore(const OrderInput& input, std::span<const Option> options, Random& random) {
  Exploration result;
  if (options.size() < 2 || settled(input)) return result;
  for (const Option& option : options) result.open += little_known(input, option) ? 1 : 0;
  if (result.open == 0) return result;
  result.chance = std::min(1.0, input.rules.config->policy.exploration);
  if (random.unit() >= result.chance) return result;
  auto drawn = static_cast<std::size_t>(random.unit() * static_cast<double>(result.open));
  std::size_t index = 0;
  while (!little_known(input, options[index]) || drawn-- > 0) ++index;
  result.index = index;
  return result;
}

Pick pick_first(const OrderInput& input, const Ordered& ordered, config::Balance kind,
                const BalanceInput& balance_input, std::span<const Option> ranked, Random& random) {
  const std::span<const Option> equals = ranked.first(ordered.equals);
  const Exploration tried = explore(input, ranked, random);
  Pick pick;
  if (tried.index) {
    const bool equal = *tried.index < equals.size();
    pick = {*tried.index, equal ? chance(kind, balance_input, equals, *tried.index) : 0, api::ChosenBy::kExplore};
  } else if (equals.size() == 1 && input.rules.config->policy.order_by == config::OrderBy::kAdaptive) {
    pick = {0, ordered.propensity, ordered.chosen};
  } else {
    pick = balance(kind, balance_input, equals, random);
  }
  const bool open = tried.open > 0 && little_known(input, ranked[pick.index]);
  pick.propensity *= 1 - tried.chance;
  if (open) pick.propensity += tried.chance / static_cast<double>(tried.open);
  return pick;
}

}  // namespace fluxgate::policies
