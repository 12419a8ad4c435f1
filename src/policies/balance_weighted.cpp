// weighted: at random, each in proportion to its weight.
#include "policies/chances.hpp"

namespace fluxgate::policies {
namespace {

double total_weight(std::span<const Option> equals) {
  double total = 0;
  for (const Option& option : equals) total += option.traits->weight;
  return total;
}

}  // namespace

bool equal_weights(std::span<const Option> equals) {
  for (const Option& option : equals) {
    if (option.traits->weight != equals[0].traits->weight) return false;
  }
  return true;
}

double chance_by_weight(std::span<const Option> equals, std::size_t index) {
  return equals[index].traits->weight / total_weight(equals);
}

Pick balance_weighted(const BalanceInput&, std::span<const Option> equals, Random& random) {
  const double total = total_weight(equals);
  double point = random.unit() * total;
  std::size_t index = 0;
  while (index + 1 < equals.size() && point >= equals[index].traits->weight) point -= equals[index++].traits->weight;
  return {index, equals[index].traits->weight / total, api::ChosenBy::kWeight};
}

}  // namespace fluxgate::policies
