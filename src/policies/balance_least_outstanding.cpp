// least_outstanding: the fewest tokens in flight, for a request may be ten tokens or a hundred thousand. One drawn
// among those that have equally few, or an idle route would send everything to its first target.
#include "policies/chances.hpp"
#include "policies/load.hpp"

namespace fluxgate::policies {
namespace {

struct Fewest {
  double tokens = 0;
  std::size_t count = 0;
};

Fewest fewest(std::span<const Option> equals) {
  Fewest found{tokens_in_flight(equals[0].status), 0};
  for (const Option& option : equals) {
    const double tokens = tokens_in_flight(option.status);
    if (tokens < found.tokens) found = {tokens, 0};
    if (tokens == found.tokens) ++found.count;
  }
  return found;
}

}  // namespace

double chance_of_least_outstanding(std::span<const Option> equals, std::size_t index) {
  const Fewest least = fewest(equals);
  return tokens_in_flight(equals[index].status) == least.tokens ? 1.0 / static_cast<double>(least.count) : 0;
}

Pick balance_least_outstanding(const BalanceInput&, std::span<const Option> equals, Random& random) {
  const Fewest least = fewest(equals);
  const auto count = static_cast<double>(least.count);
  auto drawn = static_cast<std::size_t>(random.unit() * count);
  std::size_t index = 0;
  while (tokens_in_flight(equals[index].status) != least.tokens || drawn-- > 0) ++index;
  return {index, 1 / count, api::ChosenBy::kLeastOutstanding};
}

}  // namespace fluxgate::policies
