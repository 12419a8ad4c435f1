// session: a conversation stays where it is, by rendezvous hashing: each target's hash with the session makes a number,
// and the highest has the session. When a target leaves only its own sessions move, and when it comes back they return.
#include <cmath>

#include "policies/chances.hpp"
#include "policies/hash.hpp"

namespace fluxgate::policies {

// With u uniform, weight / -ln u is the largest for each in proportion to its weight. For equal weights it grows with
// the hash, which saves the logarithms.
std::size_t rendezvous(std::uint64_t key, std::span<const Option> equals) {
  std::size_t best = 0;
  if (equal_weights(equals)) {
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < equals.size(); ++i) {
      const std::uint64_t hash = mix(key, equals[i].traits->hash);
      if (hash < highest) continue;
      highest = hash;
      best = i;
    }
    return best;
  }
  double highest = -1;
  for (std::size_t i = 0; i < equals.size(); ++i) {
    const double score = equals[i].traits->weight / -std::log(unit_of(mix(key, equals[i].traits->hash)));
    if (score <= highest) continue;
    highest = score;
    best = i;
  }
  return best;
}

Pick balance_session(const BalanceInput& input, std::span<const Option> equals, Random& random) {
  if (input.facts.session == 0) return balance_weighted(input, equals, random);
  const std::size_t index = rendezvous(mix(Salt::kSession, input.facts.session), equals);
  // The hash of a session is as good as a draw: over the sessions each has its share.
  return {index, chance_by_weight(equals, index), api::ChosenBy::kSession};
}

}  // namespace fluxgate::policies
