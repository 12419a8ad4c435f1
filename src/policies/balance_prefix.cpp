// prefix: prompts that begin alike go to the same target, whose provider has that beginning in its cache. Rendezvous
// hashing with bounded load (Mirrokni, Thorup, Zadimoghaddam 2016): a target with more than 1.25 times the average
// tokens in flight is passed over for the next in hash order, or one popular beginning would flood one target. This
// request counts in the average, and a few requests' worth of tokens is no load: otherwise two at the same time would
// part already.
#include <algorithm>
#include <cmath>

#include "policies/chances.hpp"
#include "policies/hash.hpp"
#include "policies/load.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kMostOverAverage = 1.25;
constexpr double kNoLoad = 4 * kTokensOfRequest;

double bound(const BalanceInput& input, std::span<const Option> equals) {
  double tokens = input.facts.input_tokens;
  for (const Option& option : equals) tokens += tokens_in_flight(option.status);
  return std::max(kNoLoad, kMostOverAverage * tokens / static_cast<double>(equals.size()));
}

}  // namespace

std::size_t place_by_prefix(const BalanceInput& input, std::span<const Option> equals) {
  const std::uint64_t key = mix(Salt::kPrefix, input.facts.prefix);
  const double most = bound(input, equals);
  const bool by_hash = equal_weights(equals);
  // The best by hash among those below the bound is the first of the hash order that is below it. Somebody always is:
  // nobody can have more than the average if everybody had.
  std::size_t best = 0;
  double highest = -1;
  for (std::size_t i = 0; i < equals.size(); ++i) {
    if (tokens_in_flight(equals[i].status) > most) continue;
    const double unit = unit_of(mix(key, equals[i].traits->hash));
    const double score = by_hash ? unit : equals[i].traits->weight / -std::log(unit);
    if (score <= highest) continue;
    highest = score;
    best = i;
  }
  return best;
}

Pick balance_prefix(const BalanceInput& input, std::span<const Option> equals, Random& random) {
  if (input.facts.prefix == 0) return balance_weighted(input, equals, random);
  // No draw: what a prompt begins with is part of what it is, and the same beginning never went elsewhere.
  return {place_by_prefix(input, equals), 1, api::ChosenBy::kPrefix};
}

}  // namespace fluxgate::policies
